import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMiB: number
  readonly kernel: string
  /** Limit on open files per process. */
  readonly openFiles: number
  /** Versions by program name. */
  readonly versions: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '../..')

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: `Linux ${release()}`,
    openFiles: openFileLimit(),
    versions: versions(),
  }
}

export function openFileLimit(): number {
  const line = /Max open files\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'utf8'))
  return line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1])
}

/** The commit, and whether the measured sources have changed since. */
export function checkout(): { readonly commit: string; readonly isChanged: boolean } {
  const git = (...args: string[]): string => spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' }).stdout.trim()
  return {
    commit: git('rev-parse', '--short', 'HEAD') || 'unknown',
    isChanged: git('status', '--porcelain', '--', 'src', 'bin', 'package-lock.json') !== '',
  }
}

function versions(): Readonly<Record<string, string>> {
  const said = (command: string, ...args: string[]): string => {
    const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    return /\d+\.\d+(\.\d+)?/.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[0] ?? 'absent'
  }
  return {
    node: process.version.slice(1),
    nginx: said('nginx', '-v'),
    HAProxy: said('haproxy', '-v'),
    Caddy: said('caddy', 'version'),
    '@fastify/http-proxy': packageVersion('@fastify/http-proxy'),
    fastify: packageVersion('fastify'),
    'http-proxy-3': packageVersion('http-proxy-3'),
    wrk: said('wrk', '-v'),
  }
}

function packageVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string
  }
  return version
}
