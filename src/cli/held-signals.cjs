// Handles signals from the first line on, so that no default action ends the process while it loads. It is plain
// JavaScript and loads nothing heavy: `bin/hedgerow` has Node run it first, as TypeScript would take 100 ms longer.
const { isatty } = require('node:tty')

const errorOutput = 2
/** These commands run until a signal ends them; the others keep the default action of signals. */
const commands = new Set(['serve', 'demo', 'backend'])
const signals = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']

const held = []

// Nothing is open yet that would need a clean shutdown.
let take = (signal) => {
  if (signal === 'SIGINT' || signal === 'SIGTERM') process.exit(0)
  held.push(signal)
}

if (commands.has(process.argv[2])) {
  for (const signal of signals) process.on(signal, (name) => take(name))
  // Left to itself, Node first restores the default actions and then takes some 50 ms to end: a signal that arrives
  // meanwhile would kill it, and its exit code be lost.
  process.once('beforeExit', () => process.exit())
}

/** Read at the start, as a terminal that has closed no longer counts as one. */
exports.hadTerminal = isatty(errorOutput)

/** Calls this listener from now on, and immediately for each held signal. */
exports.takeSignals = (listener) => {
  take = listener
  for (const signal of held.splice(0)) listener(signal)
}
