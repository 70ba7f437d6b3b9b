import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AdminTarget } from './admin-client.ts'
import { defaultAdmin } from './default-admin.ts'
import { lazily } from './lazily.ts'

const states = ['pending', 'acknowledged', 'dead', 'discarded']

interface OperateOptions extends AdminTarget {
  readonly target?: string
  readonly route?: string
  readonly all?: boolean
}

/** `hedgerow deliveries list|show|replay|discard` */
export function addDeliveries(hedgerow: Command): void {
  const deliveries = hedgerow
    .command('deliveries')
    .description(
      'See what became of broadcast writes, and replay or discard dead letters, over the admin side of a gateway.',
    )
    .addHelpText(
      'after',
      `
Each command takes --admin <url> (http://127.0.0.1:9900) and --token <token> (or HEDGEROW_ADMIN_TOKEN).

Examples:
  hedgerow deliveries list --state dead
  hedgerow deliveries show <id>
  hedgerow deliveries replay <id> --target server2
  hedgerow deliveries replay --all --target server2
`,
    )
  const overAdmin = (command: Command): Command =>
    command
      .option('--admin <url>', 'the admin side of the gateway', defaultAdmin)
      .option(
        '--token <token>',
        'its token, if it has one (or HEDGEROW_ADMIN_TOKEN)',
        process.env['HEDGEROW_ADMIN_TOKEN'],
      )
  overAdmin(deliveries.command('list'))
    .description('The newest deliveries, each with its targets.')
    .addOption(new Option('--state <state>', 'with a target in this state').choices(states))
    .option('--target <name>', 'with this target')
    .option('--route <route>', 'of this route, as its match says it: "POST /register"')
    .option('--before <number>', 'go on from an earlier list, which names the number', inRange(1, 999_999_999_999_999))
    .option('--limit <number>', 'how many at the most: 1 to 500 (default 50)', inRange(1, 500))
    .option('--json', 'as JSON, for programs')
    .action(lazily(async () => (await import('./deliveries.ts')).listDeliveries))
  overAdmin(deliveries.command('show').argument('<id>', 'its id, as `list` shows it'))
    .description('One delivery with its request and each target.')
    .action(lazily(async () => (await import('./deliveries.ts')).showDelivery))
  for (const [what, description] of [
    ['replay', 'Send dead letters again, with a fresh count of attempts.'],
    ['discard', 'Give up dead and pending legs. This cannot be undone.'],
  ] as const) {
    overAdmin(deliveries.command(what).argument('[id]', 'its id, as `list` shows it'))
      .description(description)
      .option('--target <name>', 'only at this target')
      .option('--all', 'all dead letters, of every delivery; what is still pending goes on')
      .option('--route <route>', 'with --all: only of this route')
      .action(
        lazily(async () => {
          const { operateDelivery } = await import('./deliveries.ts')
          return (id: string | undefined, options: OperateOptions) => operateDelivery(what, id, options)
        }),
      )
  }
}

function inRange(min: number, max: number): (text: string) => string {
  return (text) => {
    if (!/^\d{1,15}$/.test(text) || Number(text) < min || Number(text) > max) {
      throw new InvalidArgumentError(`Allowed: ${min} to ${max}.`)
    }
    return text
  }
}
