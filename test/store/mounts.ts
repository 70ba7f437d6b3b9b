import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { cleanup, folderFor } from './place.ts'

/** Why this machine cannot give a test its own disk; undefined if it can. */
const obstacle = findObstacle()

/** Whether to run the test. If it cannot run, it is skipped with a message; on the build machine it fails. */
export function canMount(t: TestContext): boolean {
  if (obstacle === undefined) return true
  const reason = `this needs a disk of its own, and none can be mounted: ${obstacle}`
  if (process.env['CI'] === 'true') assert.fail(reason)
  process.stderr.write(`SKIPPED: ${t.name}: ${reason}\n`)
  t.skip(reason)
  return false
}

/** Whether `chattr` can make open files immutable, which `remount` cannot; skips with a message otherwise. */
export function canFreeze(t: TestContext, file: string): boolean {
  try {
    freeze(file)
    thaw(file)
    return true
  } catch (error) {
    const reason = `files cannot be frozen here: ${error instanceof Error ? error.message.trim() : String(error)}`
    process.stderr.write(`SKIPPED: ${t.name}: ${reason}\n`)
    t.skip(reason)
    return false
  }
}

export function freeze(...files: readonly string[]): void {
  run('chattr', '+i', ...files)
}

export function thaw(...files: readonly string[]): void {
  run('chattr', '-i', ...files)
}

/** A small disk, removed at the end of the test. */
export function diskFor(t: TestContext, size: string): string {
  const disk = join(folderFor(t), 'disk')
  mkdirSync(disk)
  mount(disk, size)
  cleanup(t, () => run('umount', disk))
  return disk
}

/** Fills the disk to the last page. */
export function fillDisk(disk: string): void {
  const file = openSync(join(disk, 'ballast'), 'a')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096, 1))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}

export function remount(disk: string, mode: 'ro' | 'rw'): void {
  run('mount', '-o', `remount,${mode}`, disk)
}

/** Mounts over a folder: no path leads to its files until the unmount. */
export function mountOver(folder: string, mode: 'ro' | 'rw'): { readonly unmount: () => void } {
  mount(folder, '1m')
  if (mode === 'ro') remount(folder, 'ro')
  return { unmount: () => run('umount', folder) }
}

function mount(folder: string, size: string): void {
  run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'hedgerow-test', folder)
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function findObstacle(): string | undefined {
  if (process.platform !== 'linux') return `tmpfs is Linux's, and this is ${process.platform}`
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-mount-'))
  try {
    mount(folder, '64k')
    run('umount', folder)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll('\n', ' ').trim() : String(error)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
