import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { defaultAdmin } from './admin-client.ts'
import { addDeliveries } from './deliveries-command.ts'
import { exitCodes } from './exit-codes.ts'
import { version } from './version.ts'

/** Parses the command line and runs the command. The process ends when everything the command started has ended. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    const hedgerow = program()
    const first = argv[2] ?? ''
    // Loaded unless another command was given: help lists `load`, and a misspelt command may mean it.
    if (!/^(?:-V|--version)$/.test(first) && !hedgerow.commands.some((command) => command.name() === first)) {
      const { loadCommand } = await import('./load-command.ts')
      hedgerow.addCommand(loadCommand().copyInheritedSettings(hedgerow))
    }
    await hedgerow.parseAsync([...argv])
  } catch (fault) {
    if (!(fault instanceof CommanderError)) throw fault
    // Help and version are thrown as errors too; commander has already printed them.
    process.exitCode = fault.exitCode === 0 ? 0 : exitCodes.badUsage
  }
}

function program(): Command {
  const hedgerow = new Command('hedgerow')
    .description('An HTTP gateway that gives bounded, reliable answers from slow, flaky or asynchronous backends.')
    .version(version, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', examples('hedgerow demo', 'hedgerow serve hedgerow.yaml'))

  hedgerow
    .command('serve')
    .description(
      'Run the gateway. SIGTERM or Ctrl-C ends it when the calls in flight have ended, a second one at once; SIGHUP has it read its configuration again; SIGUSR1 reopens its log file.',
    )
    .argument('<file>', 'the configuration: YAML, JSON or TypeScript')
    .option('--pid-file <file>', 'write the process id here, and remove it at the end')
    .option('--log-file <file>', 'append the log here instead of the error output')
    .option('--pretty', 'log lines for people instead of JSON (the default on a terminal)')
    .option('--no-pretty', 'log lines of JSON also on a terminal')
    .option('--watch', 'put the configuration in force again whenever its file has changed')
    .addHelpText('after', examples('hedgerow serve hedgerow.yaml', 'PORT=8081 hedgerow serve hedgerow.yaml'))
    .action(lazily(async () => (await import('./serve.ts')).serve))

  hedgerow
    .command('reload')
    .description(
      'Have a running gateway read its configuration again: the file that it was started with. Calls in flight end as they began; a configuration with faults changes nothing. Exit code 0 if it is in force; with --pid-file if the process was told.',
    )
    .option('--admin <url>', 'the admin side of the gateway', defaultAdmin)
    .option(
      '--token <token>',
      'its token, if it has one (or HEDGEROW_ADMIN_TOKEN)',
      process.env['HEDGEROW_ADMIN_TOKEN'],
    )
    .option(
      '--pid-file <file>',
      'instead of the admin side: signal the process named in this file; its log says the rest',
    )
    .addHelpText('after', examples('hedgerow reload', 'hedgerow reload --pid-file /run/hedgerow.pid'))
    .action(lazily(async () => (await import('./reload.ts')).reload))

  hedgerow
    .command('check')
    .description('Check a configuration: all faults at once, each with its place. Exit code 2 if there are any.')
    .argument('<file>', 'the configuration: YAML, JSON or TypeScript')
    .option('--explain <request>', "print the layers of the route that serves this request, such as 'GET /api/users/7'")
    .addHelpText(
      'after',
      examples('hedgerow check hedgerow.yaml', "hedgerow check --explain 'GET /api/smart' hedgerow.yaml"),
    )
    .action(lazily(async () => (await import('./check.ts')).check))

  hedgerow
    .command('schema')
    .description('Print the JSON Schema of the configuration, which editors use to complete and to check.')
    .addHelpText('after', examples('hedgerow schema > hedgerow.schema.json'))
    .action(lazily(async () => (await import('./schema.ts')).schema))

  hedgerow
    .command('demo')
    .description('Run a gateway with simulated backends that are slow and flaky, to try things on.')
    .addHelpText('after', examples('hedgerow demo'))
    .action(lazily(async () => (await import('./demo.ts')).demo))

  hedgerow
    .command('backend')
    .description(
      'Run a simulated backend: work (flaky), work-fixed, accounts (SKIP_SOME_REQUESTS=true fails one POST in five) or async.',
    )
    .argument('<profile>', 'the ready profile, or a JSON file with one')
    .option('--host <host>', 'the address to listen on', '127.0.0.1')
    .option('--port <port>', 'the port to listen on; 0 takes any free one', portNumber, 0)
    .option(
      '--control-port <port>',
      'a port of its own for the control API, which also answers while it refuses',
      portNumber,
    )
    .option('--name <name>', 'what it calls itself (accounts)')
    .option('--seed <number>', 'the seed of its chance, to repeat a run', wholeNumber)
    .option('--set <json>', 'a change to the profile, as a JSON merge patch')
    .addHelpText(
      'after',
      examples('hedgerow backend work --port 9101', `hedgerow backend work --port 9101 --set '{"refuse":true}'`),
    )
    .action(lazily(async () => (await import('./backend.ts')).backend))

  addDeliveries(hedgerow)

  return hedgerow
}

/** Loads a command's module when it runs: loading all of them takes longer than most commands run. */
function lazily<A extends readonly unknown[]>(
  load: () => Promise<(...args: A) => void | Promise<void>>,
): (...args: A) => Promise<void> {
  return async (...args) => (await load())(...args)
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}

function portNumber(text: string): number {
  const port = wholeNumber(text)
  if (port > 65_535) throw new InvalidArgumentError('Allowed: 0 to 65535.')
  return port
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Allowed: a whole number.')
  return Number(text)
}
