// Takes signals from the first line on, so that none ends a process by its default while it loads. It is plain
// JavaScript and loads nothing heavy: `bin/hedgerow` has Node run it before all else, as TypeScript takes 100 ms more.
const { isatty } = require('node:tty')

const errorOutput = 2
/** These run until a signal ends them; what else there is on the command line ends by a signal at once, as any program. */
const commands = new Set(['serve', 'demo', 'backend'])
const signals = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']

const held = []

// Nothing is open yet that would have to be ended well.
let take = (signal) => {
  if (signal === 'SIGINT' || signal === 'SIGTERM') process.exit(0)
  held.push(signal)
}

if (commands.has(process.argv[2])) for (const signal of signals) process.on(signal, (name) => take(name))

/** Of a terminal that is gone nothing can be asked any more. */
exports.hadTerminal = isatty(errorOutput)

/** From now on this listener is called; with what has come before, at once. */
exports.takeSignals = (listener) => {
  take = listener
  for (const signal of held.splice(0)) listener(signal)
}
