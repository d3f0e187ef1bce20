import { holdsOnlyCrdts, usesCrdt } from '#lib/engine/crdt/governed.ts'
import { compareHlc, parseHlc } from '#lib/kernel/hlc.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import { AWAITED_MAX, CLOCK_AHEAD_MAX_MS, SDK_MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { CollectionContext } from './collection.ts'
import { ReplicaError } from './errors.ts'
import type { HandleCore } from './field-handles.ts'
import type { StoreTx } from './store.ts'
import type { AwaitedChange, ReplicaRecord } from './tables.ts'
import { HEARD_KEPT_MS } from './tables.ts'

/** A record's CRDTs as one device has them, for another one. Plain JSON. */
export interface CrdtExport {
  readonly format: 'tidemark-crdt-1'
  /** Null before the device is enrolled. */
  readonly fleetId: string | null
  readonly collection: string
  readonly recordId: string
  readonly schemaVersion: number
  /** The version that began this life of the record; left out for the first one. */
  readonly life?: number | undefined
  readonly crdt: CrdtStates
  /** Changes in it that the server had not decided; absent from older exports. At most AWAITED_MAX. */
  readonly awaits?: readonly AwaitedChange[] | undefined
  /** How long the device had kept what others handed to it; absent before its first sync since. */
  readonly heardForMs?: number | undefined
}

/** A record's states come to a few changes; more than this is no record. */
const EXPORT_CHARS_MAX = 4 * SDK_MUTATION_BYTES_MAX
const PATHS_MAX = 1_000

const bad = (detail: string): ReplicaError => new ReplicaError('invalid_exchange', detail)

/** All that this device knows of a record's CRDTs: the server's, its own changes, and what others handed over. */
async function exportCrdt(
  core: HandleCore,
  { store, clock, checkOpen }: CollectionContext,
  collection: string,
  recordId: string,
): Promise<CrdtExport | null> {
  checkOpen()
  return store.transact(async (tx) => {
    const standing = await core.readGround(tx, collection, recordId, undefined)
    const { record, own, version: schemaVersion } = standing
    const parts = core.crdtParts()
    const note = record?.heard ? await parts.heard.readNote(tx, collection, recordId) : null
    // What is over is handed to nobody: two devices would keep it alive between them.
    const isHeld = note !== null && !parts.heard.isOver(note, clock.now())
    const start = await core.groundOf(tx, collection, record)
    const ground = parts.rebase(isHeld ? start : { ...start, heard: undefined }, own)
    if (ground.data === null) return null
    if (!usesCrdt(ground.rules)) throw bad(`${collection} holds no CRDTs`)
    // Where an own document write waits only the server can say what it does to the state.
    const crdt = Object.fromEntries(
      Object.entries(ground.states).filter(([path]) => !ground.written.has(path)),
    )
    const { fleetId, deviceId } = await core.identityOf(tx)
    const life = record?.life === undefined ? {} : { life: record.life }
    const mine = own.map(({ id }) => ({ id, deviceId }))
    const awaits = parts.heard.together(mine, isHeld ? note.awaits : [])
    const heardForMs = isHeld && note.sinceMs !== undefined ? { heardForMs: clock.now() - note.sinceMs } : {}
    const named = { fleetId, collection, recordId, schemaVersion, ...life }
    return { format: 'tidemark-crdt-1', ...named, crdt, awaits, ...heardForMs }
  })
}

/**
 * Joins what another device handed over. It is shown at once and is no change of this device: the other one sends it
 * to the server itself. Checked whole before anything is kept; fails with `invalid_exchange`.
 */
async function mergeCrdt(
  core: HandleCore,
  context: CollectionContext,
  collection: string,
  exported: unknown,
): Promise<string> {
  context.checkOpen()
  const {
    recordId,
    schemaVersion,
    crdt,
    fleetId,
    life,
    awaits = [],
    heardForMs,
  } = readExport(exported, collection)
  await context.store.transactDurably(async (tx) => {
    const own = await core.identityOf(tx)
    if (own.fleetId !== null && fleetId !== null && own.fleetId !== fleetId)
      throw bad('it is of another fleet')
    const checked = checkStates(core, crdt)
    await checkStamps(core, tx, context, checked)
    const record = await core.getRecord(tx, collection, recordId)
    const rules = await core.rulesOf(tx, collection)
    if (!usesCrdt(rules)) throw bad(`${collection} holds no CRDTs`)
    if (!record && !holdsOnlyCrdts(rules)) throw new ReplicaError('not_found', `${collection}/${recordId}`)
    if (record && (record.life ?? 0) !== (life ?? 0)) throw bad('it is of another life of the record')
    const { heard: ends, hear } = core.crdtParts()
    // States lie under the schema version that this device knows, in which it exports them too (DL5).
    const heardVersion = await ends.versionOf(tx, collection, schemaVersion)
    const known = record ?? heardOf(collection, recordId, heardVersion, life)
    const moved = await ends.bringUp(tx, collection, checked, schemaVersion, heardVersion)
    if (!moved) throw otherSchema(schemaVersion, heardVersion)
    const before = known.heard ?? {}
    const from = known.heardVersion ?? heardVersion
    const heard = hear(rules, (await ends.bringUp(tx, collection, before, from, heardVersion)) ?? {}, moved)
    if (!heard) throw bad('it does not fit what this device has')
    const row = { ...known, heard, heardVersion }
    await core.putRow(tx, 'records', core.recordRowKey(collection, recordId), row)
    const sinceMs = heardForMs === undefined ? {} : { sinceMs: context.clock.now() - heardForMs }
    await ends.noteHeard(tx, known, { awaits, ...sinceMs })
  })
  context.onWrite()
  return recordId
}

const otherSchema = (theirs: number, ours: number): ReplicaError =>
  new ReplicaError(
    'other_schema',
    theirs > ours
      ? `It is of version ${theirs}, this device knows ${ours}: sync this device, then join it.`
      : `It is of version ${theirs}, this device knows ${ours}: sync the device that exported it, and export it again.`,
  )

/** A record that the server has not shown yet: version 0, kept until it does. */
const heardOf = (
  collection: string,
  recordId: string,
  schemaVersion: number,
  life: number | undefined,
): ReplicaRecord => ({
  collection,
  recordId,
  version: 0,
  deleted: false,
  data: {},
  versionVector: {},
  hlc: '',
  schemaVersion,
  ...(life === undefined ? {} : { life }),
  mark: null,
  orphan: false,
})

function readExport(exported: unknown, collection: string): CrdtExport {
  if (!isJsonObject(exported) || exported['format'] !== 'tidemark-crdt-1') throw bad('no export of a record')
  if (exported['collection'] !== collection) throw bad('it is of another collection')
  const { recordId, crdt, schemaVersion, fleetId, life, awaits = [], heardForMs = 0 } = exported
  const isWhole =
    isUuid(recordId) &&
    isJsonObject(crdt) &&
    Number.isSafeInteger(schemaVersion) &&
    (life === undefined || Number.isSafeInteger(life)) &&
    (fleetId === null || typeof fleetId === 'string') &&
    Array.isArray(awaits) &&
    awaits.length <= AWAITED_MAX &&
    (awaits as readonly unknown[]).every(isAwaited) &&
    Number.isSafeInteger(heardForMs) &&
    (heardForMs as number) >= 0 &&
    (heardForMs as number) < HEARD_KEPT_MS
  if (!isWhole) throw bad('no export of a record')
  if (Object.keys(crdt).length > PATHS_MAX || JSON.stringify(crdt).length > EXPORT_CHARS_MAX)
    throw new ReplicaError('too_large')
  return exported as unknown as CrdtExport
}

const isAwaited = (value: unknown): value is AwaitedChange =>
  isJsonObject(value) && isUuid(value['id']) && isUuid(value['deviceId'])

function checkStates(core: HandleCore, states: CrdtStates): CrdtStates {
  const { checkState } = core.crdtParts()
  return Object.fromEntries(
    Object.entries(states).map(([path, state]): [string, CrdtState] => {
      const checked = checkState(path, state)
      if (!checked) throw bad(`no CRDT at ${path}`)
      return [path, checked]
    }),
  )
}

/** CL1: no stamp from the future is taken in; what is written here from now on is later than all of them. */
async function checkStamps(
  core: HandleCore,
  tx: StoreTx,
  { clock }: CollectionContext,
  states: CrdtStates,
): Promise<void> {
  const stamps = Object.values(states).flatMap((state) => (state.kind === 'lww-register' ? [state.hlc] : []))
  const nowMs = clock.now() + ((await core.readOffset(tx))?.offsetMs ?? 0)
  const newest = stamps.reduce((max, stamp) => (compareHlc(stamp, max) > 0 ? stamp : max), '')
  const parsed = parseHlc(newest)
  if (parsed.ok && parsed.value.wallMs > nowMs + CLOCK_AHEAD_MAX_MS)
    throw bad('a stamp of it is from the future')
  await core.receiveStamps(tx, (await core.identityOf(tx)).deviceId, stamps, clock.now())
}

export const exchange = { exportCrdt, mergeCrdt }
