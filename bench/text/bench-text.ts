import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { TextOp } from 'ot-text-unicode'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { TextEdit } from '#lib/client/text-edits.ts'
import { encodeBase64 } from '#lib/kernel/base64.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { Child } from '../child.ts'
import { enrollDevices } from '../enroll.ts'
import { HttpClient, textOf as textOfAnswer } from '../http-client.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { Server } from '../processes.ts'
import { usageOf, withProcesses } from '../processes.ts'
import type { PushingDevice } from '../push/push-bodies.ts'
import { pushOf } from '../push/push-bodies.ts'
import type { Listening } from '../push/serve.ts'
import type { SetUpFleet } from '../set-up-fleet.ts'
import type { Edit } from './trace.ts'
import { inBatches, loadTrace, textOf } from './trace.ts'
import type { Reader, Writer } from './writers.ts'
import { otReader, otWriter, yjsReader, yjsWriter } from './writers.ts'

/** Keystrokes that go in one change: a person who types for ten minutes without a connection. */
const BATCH = 2_000
const COLLECTIONS = [
  { name: 'crdt-texts', strategy: 'crdt', schema: { type: 'object' } },
  { name: 'ot-texts', strategy: 'ot', schema: { type: 'object' } },
]

interface Run {
  readonly seconds: number
  /** Of the server's process, for one batch. */
  readonly cpuMs: number | null
}

/** A real editing history, typed on a device and brought to another by way of the server, beside the bare libraries. */
export function benchText(database: BenchDatabase): Promise<string> {
  return withProcesses(database, async (processes) => {
    const server = await processes.tidemark({}, COLLECTIONS)
    const { url, enrollmentKey } = server.ready
    const [device] = await enrollDevices({ kind: 'enroll', url, enrollmentKey, devices: 1 })
    if (!device) throw new Error('no device was enrolled')
    const edits = loadTrace()
    const trace = { batches: inBatches(edits, BATCH), end: textOf(edits) }
    const session = { server, device, trace }
    const bySdk = (collection: string, way: SdkWay): Promise<Run> =>
      throughSdk(server, trace, collection, way)
    const yjs = await typed(trace, yjsWriter(), inMemory(yjsReader()))
    const crdt = await throughServer(session, yjsWriter(), 'crdt-texts', (update) => ({
      type: 'crdt',
      changes: [{ path: '/body', kind: 'text', update: encodeBase64(update) }],
    }))
    const crdtBySession = await bySdk('crdt-texts', 'session')
    const crdtByItself = await bySdk('crdt-texts', 'itself')
    const ot = await typed(trace, otWriter(), inMemory(otReader()))
    const operated = await throughServer(session, otWriter(), 'ot-texts', (op: TextOp, baseRevision) => ({
      type: 'ot',
      path: '/body',
      kind: 'text',
      baseRevision,
      ops: op as Json,
    }))
    const otBySession = await bySdk('ot-texts', 'session')
    const otByItself = await bySdk('ot-texts', 'itself')
    const row = (name: string, { seconds, cpuMs }: Run, bare: Run): readonly string[] => [
      name,
      whole(edits.length / seconds),
      seconds.toFixed(1),
      cpuMs === null ? '' : cpuMs.toFixed(1),
      (seconds / bare.seconds).toFixed(2),
    ]
    return markdownTable(
      `A paper of ${whole(edits.length)} keystrokes, in batches of ${whole(BATCH)}`,
      ['writer and reader', 'keystrokes/s', 's', 'Node CPU ms of the server/batch', 'this ÷ bare'],
      [
        row('bare Yjs, one document to another', yjs, yjs),
        row('Yjs, Tidemark between', crdt, yjs),
        row('the SDK under `crdt`, a session for each batch', crdtBySession, yjs),
        row('the SDK under `crdt`, which syncs by itself', crdtByItself, yjs),
        row('bare ot-text-unicode, one string to another', ot, ot),
        row('ot-text-unicode, Tidemark between', operated, ot),
        row('the SDK under `ot`, a session for each batch', otBySession, ot),
        row('the SDK under `ot`, which syncs by itself', otByItself, ot),
      ],
    )
  })
}

interface Trace {
  readonly batches: readonly (readonly Edit[])[]
  /** What they make. */
  readonly end: string
}

/** Where changes go, and what is read there in the end. */
interface Way<Change> {
  take(change: Change): Promise<void>
  text(): Promise<string>
}

const inMemory = <Change>(reader: Reader<Change>): Way<Change> => ({
  take: async (change) => reader.take(change),
  text: async () => reader.text(),
})

async function typed<Change>(trace: Trace, writer: Writer<Change>, way: Way<Change>): Promise<Run> {
  const startedMs = performance.now()
  for (const batch of trace.batches) await way.take(writer.type(batch))
  const text = await way.text()
  const seconds = (performance.now() - startedMs) / 1_000
  if (text !== trace.end) throw new Error('another text was read than was written')
  return { seconds, cpuMs: null }
}

async function throughServer<Change>(
  {
    server,
    device,
    trace,
  }: { readonly server: Server; readonly device: PushingDevice; readonly trace: Trace },
  writer: Writer<Change>,
  collection: string,
  operationOf: (change: Change, baseRevision: number) => Operation,
): Promise<Run> {
  const client = new HttpClient(server.ready.url)
  const recordId = randomUUID()
  let [baseVersion, revision] = [0, 0]
  const send = async (op: Operation): Promise<void> => {
    const push = pushOf(device, 1, (stamp) => ({ ...stamp, collection, recordId, baseVersion, op }))
    const call = { method: 'POST', path: '/api/v1/push', bearer: device.token } as const
    const answer = textOfAnswer(await client.send({ ...call, body: JSON.stringify(push) }))
    const [result] = (JSON.parse(answer) as PushResponse).results
    if (result?.status !== 'applied') throw new Error(`a batch was ${answer.slice(0, 500)}`)
    baseVersion = result.version
    revision = result.revision ?? revision
  }
  const read = async (): Promise<string> => {
    const path = `/api/v1/pull?collections=${collection}`
    const answer = textOfAnswer(await client.send({ method: 'GET', path, bearer: device.token }))
    const { changes } = JSON.parse(answer) as { changes: { data: { body: string } }[] }
    return changes[0]?.data.body ?? ''
  }
  if (collection === 'ot-texts') await send({ type: 'put', data: { body: '' } })
  const before = await usageOf(server)
  let sending = Promise.resolve()
  const run = await typed(trace, writer, {
    take: async (change) => {
      await sending
      sending = send(operationOf(change, revision))
      // On its way before the next batch is typed, which keeps this process from all else.
      await nextTurn()
    },
    text: async () => {
      await sending
      return read()
    },
  })
  const cpuUs = (await usageOf(server)).cpuUs - before.cpuUs
  client.close()
  return { ...run, cpuMs: cpuUs / 1_000 / trace.batches.length }
}

/** A session for each batch; or as apps do it: none is asked for, and what waits by then goes out together. */
type SdkWay = 'session' | 'itself'

/** From one device's handle to another's: each batch is a call, and the next one is typed while it is on its way. */
async function throughSdk(
  server: Child<Listening & SetUpFleet>,
  trace: Trace,
  collection: string,
  way: SdkWay,
): Promise<Run> {
  const { url, enrollmentKey } = server.ready
  const open = (name: string, auto: boolean): Promise<Replica> =>
    openReplica({
      url,
      enrollmentKey,
      device: { name, platform: 'linux', appVersion: '1.0.0' },
      store: openMemoryStore(),
      sync: { auto },
    })
  const [author, reader] = await Promise.all([open('author', way === 'itself'), open('reader', false)])
  await Promise.all([author.sync(), reader.sync()])
  const { recordId } = await author.collection(collection).put(null, { body: '' })
  const bodyOf = (replica: Replica) => replica.collection(collection).text(recordId, 'body')
  const before = await usageOf(server)
  let syncing = author.sync()
  const writer: Writer<readonly TextEdit[]> = {
    type: (batch) => batch.map(({ at, deleted, inserted }) => ({ index: at, removed: deleted, inserted })),
  }
  const run = await typed(trace, writer, {
    take: async (edits) => {
      await bodyOf(author).edit(edits)
      await nextTurn()
      if (way === 'itself') return
      await syncing
      syncing = author.sync()
    },
    text: async () => {
      await syncing
      await author.sync()
      // What the server had too much of comes again after a wait.
      while (author.status$.get().pending > 0) await pause(5)
      await reader.sync()
      return bodyOf(reader).value()
    },
  })
  const cpuUs = (await usageOf(server)).cpuUs - before.cpuUs
  await Promise.all([author.close(), reader.close()])
  return { ...run, cpuMs: cpuUs / 1_000 / trace.batches.length }
}
