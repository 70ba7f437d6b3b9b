import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { defaultAdmin, tokenOption } from './admin-options.ts'
import { addDeliveries } from './deliveries-command.ts'
import { exitCodes } from './exit-codes.ts'
import { lazily } from './lazily.ts'
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
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version are thrown as errors too; commander has already printed them.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.badUsage
  }
}

function program(): Command {
  const hedgerow = new Command('hedgerow')
    .description('An HTTP gateway that gives bounded, reliable answers from slow, flaky or asynchronous backends.')
    .version(version, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(run with --help for usage)')
    .addHelpText('after', examples('hedgerow demo', 'hedgerow serve hedgerow.yaml'))

  hedgerow
    .command('serve')
    .description(
      'Run the gateway. SIGTERM or Ctrl-C drains it and exits, a second one exits at once; SIGHUP reloads the configuration; SIGUSR1 reopens the log file.',
    )
    .argument('<file>', 'configuration file: YAML, JSON or TypeScript')
    .option('--pid-file <file>', 'write the process id to this file; remove the file on exit')
    .option('--log-file <file>', 'append the log to this file (default: stderr)')
    .option('--pretty', 'log readable lines instead of JSON (default on a terminal)')
    .option('--no-pretty', 'log JSON lines (default unless on a terminal)')
    .option('--watch', 'reload the configuration when its file changes')
    .addHelpText('after', examples('hedgerow serve hedgerow.yaml', 'PORT=8081 hedgerow serve hedgerow.yaml'))
    .action(lazily(async () => (await import('./serve.ts')).serve))

  hedgerow
    .command('reload')
    .description(
      'Reload the configuration of a running gateway, from the file it was started with. Calls in flight finish under the old configuration; an invalid one changes nothing. Exit code 0: in force (with --pid-file: signal sent).',
    )
    .option('--admin <url>', 'admin address of the gateway', defaultAdmin)
    .addOption(tokenOption())
    .option('--pid-file <file>', 'send SIGHUP to the process in this file instead; its log reports the result')
    .addHelpText('after', examples('hedgerow reload', 'hedgerow reload --pid-file /run/hedgerow.pid'))
    .action(lazily(async () => (await import('./reload.ts')).reload))

  hedgerow
    .command('check')
    .description(
      'Check a configuration and print every error with its line and column. Exit code 0: valid; 1: no route serves the request of --explain; 2: errors.',
    )
    .argument('<file>', 'configuration file: YAML, JSON or TypeScript')
    .option('--explain <request>', "print the layers of the route that serves this request, such as 'GET /api/users/7'")
    .addHelpText(
      'after',
      examples('hedgerow check hedgerow.yaml', "hedgerow check --explain 'GET /api/smart' hedgerow.yaml"),
    )
    .action(lazily(async () => (await import('./check.ts')).check))

  hedgerow
    .command('schema')
    .description('Print the JSON Schema of the configuration, for completion and validation in editors.')
    .addHelpText('after', examples('hedgerow schema > hedgerow.schema.json'))
    .action(lazily(async () => (await import('./schema.ts')).schema))

  hedgerow
    .command('demo')
    .description('Run a gateway with slow and flaky simulated backends, to try the strategies.')
    .addHelpText('after', examples('hedgerow demo'))
    .action(lazily(async () => (await import('./demo.ts')).demo))

  hedgerow
    .command('backend')
    .description(
      'Run a simulated backend: work (flaky), work-fixed, accounts (SKIP_SOME_REQUESTS=true fails one POST in five) or async.',
    )
    .argument('<profile>', 'built-in profile, or a JSON file with a profile')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0: any free port', portNumber, 0)
    .option(
      '--control-port <port>',
      'separate port for the control API, which also answers while the backend refuses connections',
      portNumber,
    )
    .option('--name <name>', 'name of the backend, shown in its answers (accounts only)')
    .option('--seed <number>', 'seed of the random numbers, to repeat a run (default: random)', wholeNumber)
    .option('--set <json>', 'change the profile with this JSON merge patch')
    .addHelpText(
      'after',
      examples('hedgerow backend work --port 9101', `hedgerow backend work --port 9101 --set '{"refuse":true}'`),
    )
    .action(lazily(async () => (await import('./backend.ts')).backend))

  addDeliveries(hedgerow)

  return hedgerow
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
