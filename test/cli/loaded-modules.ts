import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/** Preloaded into a command (`--import`): writes the URL of each module that the command loads to `$LOADED_MODULES`. */
const file = process.env['LOADED_MODULES'] ?? ''

registerHooks({
  load: (url, context, next) => {
    appendFileSync(file, `${url}\n`)
    return next(url, context)
  },
})
