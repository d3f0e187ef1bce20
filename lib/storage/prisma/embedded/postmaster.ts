import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, realpathSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { identity, type Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { EmbeddedError } from './embedded-error.ts'
import { PROGRAM_ENVIRONMENT } from './initialise.ts'
import { processesIn, processExists } from './processes.ts'

export interface Postmaster {
  pid: number
  port: number
  /** Fulfilled when PostgreSQL has ended, however it ended. */
  ended: Promise<void>
  /** Whether the last that it said was that its disk is full: without room for its log it cannot go on. */
  endedWithoutRoom(): boolean
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
  stop(): Promise<void>
}

export interface PostmasterOptions {
  cluster: string
  binaries: Binaries
  account: Account
  port: number
  settings: Record<string, string>
}

const POLL_MS = 10
const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
/** A predecessor whose guard is just stopping it gets this long before we ask it to stop ourselves. */
const PREDECESSOR_GRACE_MS = 2_000
const PREDECESSOR_TIMEOUT_MS = 30_000
const LOG_LINES_KEPT = 20

/**
 * The shell between us and PostgreSQL: its third descriptor is our pipe, which reaches its end when our
 * process ends, however it ends (kill -9 too); then it asks PostgreSQL to stop.
 */
const GUARD =
  'exec 3<&0; "$@" </dev/null 3<&- & p=$!; (read -r x <&3; kill -INT $p) & w=$!; ' +
  'wait $p; r=$?; kill $w 2>/dev/null; exit $r'

/**
 * Starts PostgreSQL on the cluster and waits until it takes connections. The caller owns the data directory
 * (see instance.ts), so a PostgreSQL that still runs there has lost its owner and is ended first.
 * @throws EmbeddedError `start_failed` with the last lines of PostgreSQL's log
 */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const cluster = realpathSync(options.cluster)
  const before = await endPredecessor(cluster)
  const child = spawnGuarded({ ...options, cluster })
  const log = keepLog(child)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await once(child, 'spawn').catch((error: unknown) => {
    throw new EmbeddedError('start_failed', `PostgreSQL could not be started: ${String(error)}`)
  })
  const pid = await waitUntilReady(cluster, before, child, log)
  const stop = async (): Promise<void> => {
    if (!hasExited(child)) signal(pid, 'SIGINT')
    const late = new AbortController()
    // Aborted once PostgreSQL has ended: that is no failure.
    const timeout = pause(STOP_TIMEOUT_MS, 'late', { signal: late.signal }).catch(() => 'ended')
    if ((await Promise.race([exited, timeout])) === 'late') signal(pid, 'SIGQUIT')
    late.abort()
    await exited
  }
  const endedWithoutRoom = (): boolean => isWantOfRoom(log.join(''))
  return { pid, port: options.port, ended: exited, endedWithoutRoom, stop }
}

/** What the system calls ENOSPC; PostgreSQL speaks English (initialise.ts). */
export const isWantOfRoom = (text: string): boolean => text.includes('No space left on device')

function spawnGuarded({ cluster, binaries, account, port, settings }: PostmasterOptions): ChildProcess {
  const fixed = { listen_addresses: '127.0.0.1', unix_socket_directories: '' }
  const flags = Object.entries({ ...fixed, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const command = [binaries.postgres, '-D', cluster, '-p', String(port), ...flags]
  // Detached: a Ctrl-C at the terminal is for us; the database outlives it until the server has drained.
  return spawn('/bin/sh', ['-c', GUARD, 'tidemark-postgres', ...command], {
    ...identity(account),
    env: PROGRAM_ENVIRONMENT,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}

function keepLog(child: ChildProcess): string[] {
  const lines: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => {
    lines.push(String(chunk))
    if (lines.length > LOG_LINES_KEPT) lines.shift()
  })
  return lines
}

async function waitUntilReady(
  cluster: string,
  before: PostmasterFile | null,
  child: ChildProcess,
  log: string[],
): Promise<number> {
  for (let waitedMs = 0; waitedMs < READY_TIMEOUT_MS; waitedMs += POLL_MS) {
    const file = readPostmasterFile(cluster)
    if (file?.ready && file.mark !== before?.mark) return file.pid
    if (hasExited(child))
      throw new EmbeddedError('start_failed', `PostgreSQL did not start: ${log.join('').trim()}`)
    await pause(POLL_MS)
  }
  child.stdin?.destroy() // the guard stops what it started
  throw new EmbeddedError(
    'start_failed',
    `PostgreSQL was not ready in ${READY_TIMEOUT_MS / 1000} s: ${log.join('')}`,
  )
}

/**
 * Waits for a PostgreSQL without an owner to end, asking it to after a grace.
 * @returns the note that it left when it was killed
 */
async function endPredecessor(cluster: string): Promise<PostmasterFile | null> {
  const running = (): number[] => processesIn(cluster, readPostmasterFile(cluster)?.pid ?? null)
  let asked = false
  for (let waitedMs = 0; running().length > 0; waitedMs += POLL_MS * 5) {
    if (!asked && waitedMs >= PREDECESSOR_GRACE_MS) {
      asked = true
      const pids = running()
      const postmaster = pids.find((pid) => pid === readPostmasterFile(cluster)?.pid)
      // Without a postmaster these are its last backends.
      if (postmaster !== undefined) signal(postmaster, 'SIGINT')
      else for (const pid of pids) signal(pid, 'SIGTERM')
    }
    if (waitedMs >= PREDECESSOR_TIMEOUT_MS) {
      const pids = running().join(', ')
      throw new EmbeddedError(
        'start_failed',
        `PostgreSQL ${pids} still runs in ${cluster}. Stop it and try again.`,
      )
    }
    await pause(POLL_MS * 5)
  }
  const stale = readPostmasterFile(cluster)
  // Its number may belong to another program by now, or to a zombie: PostgreSQL would refuse to start.
  if (stale && processExists(stale.pid)) rmSync(path.join(cluster, 'postmaster.pid'), { force: true })
  return stale
}

interface PostmasterFile {
  pid: number
  /** Tells this run of PostgreSQL from any other. */
  mark: string
  ready: boolean
}

/** PostgreSQL's own note about itself: line 1 the pid, 3 the start time, 8 the state. */
function readPostmasterFile(cluster: string): PostmasterFile | null {
  try {
    const lines = readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), mark: `${lines[0]} ${lines[2]}`, ready: lines[7]?.trim() === 'ready' }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT' | 'SIGTERM'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it ended in between
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
