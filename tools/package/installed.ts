import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'

const startMs = 30_000
const installMs = 120_000
/** Set by `bin/node` and the like: none of them may lead the program back to the checkout. */
const ofCheckout =
  /^(?:NODE_COMPILE_CACHE|NODE_PATH|NODE_OPTIONS|INIT_CWD|npm_package_.*|npm_lifecycle_.*|npm_config_local_prefix)$/

/** A program of the package as installed in an empty folder, outside of the checkout. */
interface Running {
  /** Waits for this text in its output, and returns the first group, or the whole match. */
  printed(pattern: RegExp): Promise<string>
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>
  readonly process: ChildProcess
  readonly output: () => string
}

/** Packs the program and installs the package alone in this folder. */
export function install(root: string, folder: string): void {
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', `./${tarball}`]
  execFileSync('npm', args, { cwd: folder, env: environment(), timeout: installMs })
}

/** By its name, as users start it, on the Node of this process. */
export function start(folder: string, args: readonly string[]): Running {
  const child = spawn(join(folder, 'node_modules/.bin/hedgerow'), args, { cwd: folder, env: environment() })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const printed = async (pattern: RegExp): Promise<string> => {
    for (let waitedMs = 0; waitedMs < startMs && child.exitCode === null; waitedMs += 50) {
      const found = pattern.exec(output)
      if (found !== null) return found[1] ?? found[0]
      await after(50)
    }
    throw new Error(`${args.join(' ')} printed no ${pattern}, but:\n${output}`)
  }
  return { printed, ended, process: child, output: () => output }
}

/** Runs it to its end, and returns what it printed; throws unless it exits with 0. */
export async function run(folder: string, args: readonly string[]): Promise<string> {
  const { ended, output } = start(folder, args)
  const code = await ended
  if (code !== 0) throw new Error(`${args.join(' ')} exits with ${code}:\n${output()}`)
  return output()
}

export async function end({ process: child, ended, output }: Running): Promise<void> {
  child.kill('SIGTERM')
  const code = await ended
  if (code !== 0) throw new Error(`it exits with ${code} at SIGTERM:\n${output()}`)
}

function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !ofCheckout.test(name))
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
  return { ...Object.fromEntries(kept), PATH: path, NO_COLOR: '1' }
}
