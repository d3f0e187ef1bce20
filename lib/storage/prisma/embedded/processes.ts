import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/**
 * What the operating system says about other processes. Linux answers from /proc; elsewhere `ps` does.
 */
const HAS_PROC = process.platform === 'linux'

/** Whether a process with this id exists; a zombie that nobody has reaped still does. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * A mark that tells two processes with the same (reused) id apart: the start time.
 * Null when the process does not exist or is a zombie.
 */
export function startMark(pid: number): string | null {
  if (!processExists(pid)) return null
  if (!HAS_PROC) return ps(pid, 'lstart=') || null
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The command name may hold spaces and parentheses: fields count from the last ')'.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? null : (fields[19] ?? null)
}

/**
 * Ids of live PostgreSQL processes that work in this data directory (PostgreSQL changes into it).
 * Without /proc only the given postmaster is known, told by its command line.
 */
export function processesIn(directory: string, postmasterPid: number | null): number[] {
  if (HAS_PROC) {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.filter((pid) => read(() => readlinkSync(`/proc/${pid}/cwd`)) === directory).map(Number)
  }
  if (postmasterPid === null || !processExists(postmasterPid)) return []
  return ps(postmasterPid, 'command=').includes(directory) ? [postmasterPid] : []
}

function ps(pid: number, field: string): string {
  return read(() => execFileSync('ps', ['-ww', '-o', field, '-p', String(pid)], { encoding: 'utf8' })).trim()
}

/** A process may end between two looks: what cannot be read any more is empty. */
function read(look: () => string): string {
  try {
    return look()
  } catch {
    return ''
  }
}
