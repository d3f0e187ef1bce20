import type { PushTx, PushWrites, Storage } from '#lib/storage/ports.ts'
import { StorageContention, StorageUnavailable } from '#lib/storage/ports.ts'

/** What a process meets on its way to the database. */
export interface Line {
  /** The database as it is now; it is replaced by a restore. */
  storage(): Storage
  isDead(): boolean
  /** Resolves when the process runs: one that is stopped waits. */
  runs(): Promise<void>
  isDown(): boolean
  isContended(): boolean
  /** How long the database takes over a commit. */
  commitMs(): number
  sleep(ms: number): Promise<void>
  /** True when the process dies now: before the commit, or right after it. */
  diesAt(moment: 'before' | 'after'): boolean
  committed(writes: PushWrites): void
}

class ProcessDied extends Error {}

/** What a dead process does: nothing, for ever. */
const silence = <T>(): Promise<T> => new Promise(() => undefined)

/** A process's connection to the database: it fails, waits and dies where the line says so. */
export function storageThrough(line: Line): Storage {
  const port = <K extends keyof Storage>(name: K, own: Partial<Storage[K]> = {}): Storage[K] =>
    new Proxy(own as Storage[K] & object, {
      get:
        (methods, method) =>
        (...args: unknown[]) => {
          const known = Reflect.get(methods, method) as ((...all: unknown[]) => unknown) | undefined
          return known ? known(...args) : call(line, name, String(method), args)
        },
    })
  return {
    fleets: port('fleets'),
    collections: port('collections'),
    devices: port('devices'),
    deadTokens: port('deadTokens'),
    enrollmentKeys: port('enrollmentKeys'),
    ingest: port('ingest'),
    releases: port('releases'),
    restores: port('restores'),
    reviews: port('reviews'),
    samples: port('samples'),
    views: port('views'),
    sync: port('sync', { transact: (fleetId, work) => transact(line, fleetId, work) }),
    sessions: port('sessions'),
    conflicts: port('conflicts'),
    lab: port('lab'),
    deadLetters: port('deadLetters'),
    letterGroups: port('letterGroups'),
    operations: port('operations'),
    telemetry: port('telemetry'),
    access: port('access'),
    invitations: port('invitations'),
    audit: port('audit'),
    maintenance: port('maintenance'),
    settings: port('settings'),
    breakers: port('breakers'),
    alerts: port('alerts'),
    notifications: port('notifications'),
    signals: port('signals', { listen: (listener) => line.storage().signals.listen(listener) }),
    ping: async () => undefined,
    close: async () => undefined,
  }
}

async function call(line: Line, name: keyof Storage, method: string, args: unknown[]): Promise<unknown> {
  await enter(line)
  const target = line.storage()[name] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const result = await (target[method] as (...args: unknown[]) => Promise<unknown>)(...args)
  return leave(line, result)
}

async function enter(line: Line): Promise<void> {
  if (line.isDead()) await silence()
  await line.runs()
  if (line.isDead()) await silence()
  if (line.isDown()) throw new StorageUnavailable('the database is away')
}

async function leave<T>(line: Line, result: T): Promise<T> {
  if (line.isDead()) return silence()
  await line.runs()
  return line.isDead() ? silence() : result
}

async function transact<T>(line: Line, fleetId: string, work: (tx: PushTx) => Promise<T>): Promise<T> {
  await enter(line)
  const written: PushWrites[] = []
  try {
    const result = await line.storage().sync.transact(fleetId, async (tx) => {
      const write = async (writes: PushWrites): Promise<void> => {
        await tx.write(writes)
        written.push(writes)
      }
      const done = await work({ load: (plan) => tx.load(plan), write, writeLast: write })
      if (line.isContended()) throw new StorageContention('another transaction came between')
      const ms = line.commitMs()
      if (ms > 0) await line.sleep(ms)
      if (line.isDown()) throw new StorageUnavailable('the connection is gone')
      // A connection that ends before the commit takes its transaction along.
      if (line.isDead() || line.diesAt('before')) throw new ProcessDied()
      for (const writes of written) line.committed(writes)
      return done
    })
    line.diesAt('after')
    return await leave(line, result)
  } catch (error) {
    if (error instanceof ProcessDied) return silence()
    return leave(line, null).then(() => {
      throw error
    })
  }
}
