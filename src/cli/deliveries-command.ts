import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AdminTarget } from './admin-client.ts'
import { defaultAdmin, tokenOption } from './admin-options.ts'
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
    .description('List, show, replay and discard broadcast writes, through the admin side of a running gateway.')
    .addHelpText(
      'after',
      `
Every command accepts --admin <url> (default: http://127.0.0.1:9900) and --token <token> (default: HEDGEROW_ADMIN_TOKEN).

Examples:
  hedgerow deliveries list --state dead
  hedgerow deliveries show <id>
  hedgerow deliveries replay <id> --target server2
  hedgerow deliveries replay --all --target server2
`,
    )
  const overAdmin = (command: Command): Command =>
    command.option('--admin <url>', 'admin address of the gateway', defaultAdmin).addOption(tokenOption())
  overAdmin(deliveries.command('list'))
    .description('List deliveries, newest first, with the state of each target.')
    .addOption(new Option('--state <state>', 'only deliveries with a target in this state').choices(states))
    .option('--target <name>', 'only deliveries to this target')
    .option('--route <route>', 'only deliveries of this route, written as its match: "POST /register"')
    .option(
      '--before <number>',
      'continue an earlier list: the number printed at its end',
      inRange(1, 999_999_999_999_999),
    )
    .option('--limit <number>', 'maximum number of deliveries, 1 to 500 (default: 50)', inRange(1, 500))
    .option('--json', 'print JSON')
    .action(lazily(async () => (await import('./deliveries.ts')).listDeliveries))
  overAdmin(deliveries.command('show').argument('<id>', 'delivery id, as printed by `list`'))
    .description('Print one delivery with its request and the state of each target, as JSON.')
    .action(lazily(async () => (await import('./deliveries.ts')).showDelivery))
  for (const [what, description] of [
    ['replay', 'Send dead letters again, oldest first, with a new set of attempts.'],
    ['discard', 'Discard dead letters and pending writes. This cannot be undone.'],
  ] as const) {
    overAdmin(deliveries.command(what).argument('[id]', 'delivery id, as printed by `list`'))
      .description(description)
      .option('--target <name>', 'only for this target')
      .option('--all', 'all dead letters of all deliveries; pending writes are not affected')
      .option('--route <route>', 'with --all: only for this route')
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
