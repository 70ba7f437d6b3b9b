import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second. */
const ticksPerSecond = 100
const bytesPerPage = 4096

/** User and system time of a process so far, all threads; microseconds. */
export function cpuMicroseconds(pid: number): number {
  const fields = statFields(pid)
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6
}

/** User and system time of a process and its descendants. */
export function cpuOfTree(pid: number): number {
  return treeOf(pid).reduce((sum, member) => sum + cpuMicroseconds(member), 0)
}

/** Resident memory of a process and its descendants; shared pages count for each. MiB. */
export function residentMiB(pid: number): number {
  return treeOf(pid).reduce((sum, member) => {
    const pages = Number(readFileSync(`/proc/${member}/statm`, 'utf8').split(' ')[1])
    return sum + (pages * bytesPerPage) / 2 ** 20
  }, 0)
}

function treeOf(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)]
}

/** Reads the children of all threads, as each thread lists those that it started. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )
}

function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may contain blanks; the fields after it do not.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
