import type { Child } from '../child.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { Protocol } from '../peer/peer.ts'
import { PEER, PEER_MISSING, startPeer } from '../peer/peer.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { Server } from '../processes.ts'
import { analyze, inDatabase, usageOf, withProcesses } from '../processes.ts'
import { inTurns } from '../rounds.ts'
import type { Order, PollFigures, ReadFigures } from './load.ts'

const RECORDS = 10_000
/** Of a round; each round of full pulls has fresh ones, so that ten measured rounds have a hundred. */
const DEVICES = 10
const DELTA = 100
const POLLS = 50
/** Slow enough that a hundred of its devices would be minutes. */
const PEER_DEVICES = 2
const CONCURRENCY = 4
const ROUNDS = { warmUp: 1, measured: 10 }
/** Servers run for weeks: V8 compiles what a token showed anew until some thousands of devices were brought something. */
const DELTA_ROUNDS = { warmUp: 30, measured: 20 }
/** The code of a poll until some tens of thousands went through it. */
const POLL_ROUNDS = { warmUp: 5, measured: 10 }
const ALL_DEVICES = (ROUNDS.warmUp + ROUNDS.measured) * DEVICES
/** The line in which full syncs wait (TK7) is no part of what is measured. */
const SETTINGS = { fullSyncs: { perMinute: 100_000, burst: 10_000 } }

/** Rows as the ceiling serves them, of Tidemark's own records. */
const CREATE = `
  CREATE TABLE bench_ceiling (version bigint PRIMARY KEY, head text NOT NULL, data text NOT NULL)`
const COPY = `
  INSERT INTO bench_ceiling
  SELECT version, left(json_build_object('collection', collection, 'recordId', record_id, 'version', version,
    'deleted', deleted, 'versionVector', version_vector::json, 'hlc', hlc, 'schemaVersion', schema_version)::text, -1), data
  FROM record WHERE fleet_id = $1 ON CONFLICT DO NOTHING`

const CEILING = 'ceiling: bare `node:http`, rows by index, the same compression'
const BARE = 'bare `node:http` that asks nobody, with the same headers'
const TIDEMARK = 'Tidemark'

type WithCost<F> = F & { readonly cpuUs: number }
type Rows<F> = Readonly<Record<string, F>>

/** Fresh devices that read all, then what is new, then that nothing is, beside a ceiling on the same rows. */
export function benchPull(database: BenchDatabase): Promise<string> {
  return withProcesses(database, async (processes) => {
    const app = await processes.tidemark(SETTINGS)
    const ceiling = await processes.server(new URL('./ceiling-server.ts', import.meta.url))
    const load = await processes.load(new URL('./load.ts', import.meta.url))
    const { url, enrollmentKey, fleetId } = app.ready
    const peer = await startPeer(processes, PEER)
    const writeTo = (to: string, protocol: Protocol, records: number): Promise<object> =>
      load.ask<object>({ kind: 'write', url: to, protocol, records } satisfies Order)
    const write = async (records: number): Promise<void> => {
      await writeTo(url, 'tidemark', records)
      await inDatabase(database, (client) => client.query(COPY, [fleetId]))
    }
    await load.ask<object>({ kind: 'enroll', url, enrollmentKey, devices: ALL_DEVICES } satisfies Order)
    await inDatabase(database, (client) => client.query(CREATE))
    await write(RECORDS)
    if (peer) await writeTo(peer.ready.url, 'couchdb', RECORDS)
    await analyze(database)
    const full = await inTurns<string, WithCost<ReadFigures>>(
      {
        [CEILING]: fullRound(load, ceiling),
        ...(peer && { [PEER]: fullRound(load, peer, 'couchdb', PEER_DEVICES) }),
        [TIDEMARK]: fullRound(load, app),
      },
      ROUNDS,
    )
    const delta = await inTurns(
      // Both read the same changes, so only the first of a turn makes them.
      { [CEILING]: deltaRound(load, ceiling, () => write(DELTA)), [TIDEMARK]: deltaRound(load, app) },
      DELTA_ROUNDS,
    )
    const bare = await processes.server(new URL('./bare-server.ts', import.meta.url))
    const poll = await inTurns(
      {
        [BARE]: pollRound(load, bare),
        [CEILING]: pollRound(load, ceiling),
        [TIDEMARK]: pollRound(load, app),
      },
      POLL_ROUNDS,
    )
    return [
      readTable(`Pulls of ${whole(RECORDS)} records by 100 fresh devices, ${CONCURRENCY} at a time`, full) +
        (peer ? '' : PEER_MISSING),
      readTable(
        `Pulls of ${DELTA} new records by each of ${ALL_DEVICES} devices, ${CONCURRENCY} at a time`,
        delta,
      ),
      pollTable(`Pulls with nothing new, ${CONCURRENCY} at a time`, poll),
    ].join('\n\n')
  })
}

function fullRound(
  load: Child<object>,
  server: Server,
  protocol: Protocol = 'tidemark',
  devices = DEVICES,
): () => Promise<WithCost<ReadFigures>> {
  let from = -devices
  return () => {
    from += devices
    return readRound(load, server, { protocol, from, devices, fresh: true, records: RECORDS })
  }
}

const deltaRound =
  (load: Child<object>, server: Server, before: () => Promise<void> = async () => {}) =>
  async (): Promise<WithCost<ReadFigures>> => {
    await before()
    return readRound(load, server, {
      protocol: 'tidemark',
      from: 0,
      devices: ALL_DEVICES,
      fresh: false,
      records: DELTA,
    })
  }

type Reading = Pick<Extract<Order, { kind: 'read' }>, 'protocol' | 'from' | 'devices' | 'fresh' | 'records'>

const readRound = (load: Child<object>, server: Server, reading: Reading): Promise<WithCost<ReadFigures>> =>
  costly(server, reading.devices * reading.records, () => {
    const { url } = server.ready
    return load.ask({ kind: 'read', url, concurrency: CONCURRENCY, ...reading } satisfies Order)
  })

const pollRound = (load: Child<object>, server: Server) => (): Promise<WithCost<PollFigures>> =>
  costly(server, ALL_DEVICES * POLLS, () => {
    const { url } = server.ready
    const order = { kind: 'poll', url, devices: ALL_DEVICES, times: POLLS, concurrency: CONCURRENCY } as const
    return load.ask(order satisfies Order)
  })

/** The work with what the server's process used for each of so many things. */
async function costly<F>(server: Server, things: number, work: () => Promise<F>): Promise<WithCost<F>> {
  const before = await usageOf(server)
  const figures = await work()
  return { ...figures, cpuUs: ((await usageOf(server)).cpuUs - before.cpuUs) / things }
}

function readTable(title: string, rows: Rows<WithCost<ReadFigures>>): string {
  const own = rows[TIDEMARK]?.recordsPerSecond ?? Number.NaN
  return markdownTable(
    title,
    ['server', 'records/s', 'bytes/record', 'p50 ms', 'p99 ms', 'Node CPU µs/record', 'Tidemark ÷ this'],
    Object.entries(rows).map(([name, { recordsPerSecond, bytesPerRecord, p50Ms, p99Ms, cpuUs }]) => [
      name,
      whole(recordsPerSecond),
      bytesPerRecord.toFixed(0),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      cpuUs.toFixed(1),
      (own / recordsPerSecond).toFixed(2),
    ]),
  )
}

function pollTable(title: string, rows: Rows<WithCost<PollFigures>>): string {
  const own = rows[TIDEMARK]?.pollsPerSecond ?? Number.NaN
  return markdownTable(
    title,
    ['server', 'polls/s', 'p99 ms', 'Node CPU µs/poll', 'Tidemark ÷ this'],
    Object.entries(rows).map(([name, { pollsPerSecond, p99Ms, cpuUs }]) => [
      name,
      whole(pollsPerSecond),
      p99Ms.toFixed(1),
      cpuUs.toFixed(0),
      (own / pollsPerSecond).toFixed(2),
    ]),
  )
}
