import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { postgresAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { prepareDataDir, readSecrets } from './data-dir.ts'
import { DATABASE_NAME, initialiseCluster, OWNER_ROLE } from './initialise.ts'
import { takeInstance, type OwnedInstance } from './instance.ts'
import { isWantOfRoom, startPostmaster, type Postmaster } from './postmaster.ts'

export interface EmbeddedPostgres {
  /** Stays the same over restarts. */
  databaseUrl: string
  secret: string
  instance: OwnedInstance
  /** Id of the running PostgreSQL; changes with a restart. */
  pid(): number
  /** Fulfilled when PostgreSQL died and could not be brought back. */
  lost: Promise<Error>
  stop(): Promise<void>
}

export interface SupervisionOptions {
  dataDir: string
  /** PostgreSQL settings over our own, e.g. `{ fsync: 'off' }` in tests. */
  settings?: Record<string, string>
  log?: (line: string) => void
}

const SETTINGS = {
  shared_buffers: '128MB',
  max_connections: '100',
  timezone: 'UTC',
  // After a crash: the file system at once, instead of some thousand files one by one, which takes seconds.
  ...(process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }),
}
/** So many restarts in one window; more means that a restart does not help. */
const RESTARTS_MAX = 5
const RESTART_WINDOW_MS = 60_000
const RESTART_WAIT_MS = 200
/** A disk that is full may be so for long, and a restart helps as soon as it is not. */
const ROOM_WAIT_MS = 2_000

/**
 * Owns a data directory and keeps a PostgreSQL running on it: scram on 127.0.0.1, a free port, no socket
 * file. It is restarted on the same port when it dies, and ends when this process ends (postmaster.ts).
 * @throws EmbeddedError
 */
export async function supervisePostgres(options: SupervisionOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log = () => {} } = options
  prepareDataDir(dataDir)
  const instance = takeInstance(dataDir)
  try {
    const secrets = readSecrets(dataDir)
    const account = postgresAccount()
    const binaries = findBinaries(account, dataDir)
    const cluster = initialiseCluster(dataDir, binaries, account, secrets.databasePassword)
    const port = await freePort()
    const settings = { ...SETTINGS, ...options.settings }
    const start = (): Promise<Postmaster> => startPostmaster({ cluster, binaries, account, port, settings })
    const kept = keepRunning(await start(), start, log)
    const login = `${OWNER_ROLE}:${secrets.databasePassword}`
    const databaseUrl = `postgresql://${login}@127.0.0.1:${port}/${DATABASE_NAME}`
    instance.publish({ databaseUrl })
    const stop = async (): Promise<void> => {
      await kept.stop()
      instance.release()
    }
    return { databaseUrl, secret: secrets.secret, instance, pid: kept.pid, lost: kept.lost, stop }
  } catch (error) {
    instance.release()
    throw error
  }
}

function keepRunning(
  first: Postmaster,
  start: () => Promise<Postmaster>,
  log: (line: string) => void,
): Pick<EmbeddedPostgres, 'pid' | 'lost' | 'stop'> {
  let current = first
  let stopping = false
  let restarting: Promise<void> = Promise.resolve()
  const restarts: number[] = []
  let lose: (error: Error) => void = () => {}
  const lost = new Promise<Error>((resolve) => (lose = resolve))

  const watch = (postmaster: Postmaster): void => {
    void postmaster.ended.then(() => {
      if (!stopping) restarting = restart().catch((error: unknown) => lose(error as Error))
    })
  }
  /** Waits as its end calls for. @throws when a restart doesn't help */
  const beforeRestart = async (isDiskFull: boolean): Promise<void> => {
    if (isDiskFull) {
      log(`PostgreSQL has no room on its disk; trying again every ${ROOM_WAIT_MS / 1_000} s`)
      return pause(ROOM_WAIT_MS)
    }
    const nowMs = performance.now()
    restarts.push(nowMs)
    const recent = restarts.filter((atMs) => nowMs - atMs < RESTART_WINDOW_MS).length
    if (recent > RESTARTS_MAX) throw new Error(`PostgreSQL ended ${recent} times within a minute`)
    log(`PostgreSQL ended; starting it again (${recent} of ${RESTARTS_MAX})`)
    return pause(RESTART_WAIT_MS)
  }
  const restart = async (): Promise<void> => {
    let isDiskFull = current.endedWithoutRoom()
    for (;;) {
      await beforeRestart(isDiskFull)
      if (stopping) return
      try {
        current = await start()
        return watch(current)
      } catch (error) {
        isDiskFull = isWantOfRoom(String(error))
        if (!isDiskFull) throw error
      }
    }
  }
  const stop = async (): Promise<void> => {
    stopping = true
    await restarting
    await current.stop()
  }
  watch(first)
  return { pid: () => current.pid, lost, stop }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
