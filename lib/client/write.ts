import { applyOperation } from '#lib/engine/patch.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import { isUuid, uuidv7 } from '#lib/kernel/uuid.ts'
import { SDK_MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import { passedBound } from '#lib/protocol/mutation-bounds.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { Clock } from './clock.ts'
import { toIso } from './clock.ts'
import { crdtParts, evolutionParts, forkParts } from './on-demand.ts'
import { readOffset, tickClock } from './device-clock.ts'
import { ReplicaError } from './errors.ts'
import { OUTBOX_MAX, bytesOf, depthOf, enqueue, getCounts, removalOf } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { ConflictNotice, Counted } from './tables.ts'
import { getMeta, identityOf } from './tables.ts'
import type { RecordGround } from './view.ts'
import { dataAfter, groundOf, readGround } from './view.ts'

export interface WriteOptions {
  /** False leaves the judgement to the server: what it can't take becomes a dead letter. */
  readonly validate?: boolean
  /**
   * Decides this conflict: the change stands on the server's record and is sent though the record is in conflict. The notice
   * as it was drawn says what the person saw; its id alone stands for what the notice tells at the call (CS12).
   */
  readonly resolves?: string | Pick<ConflictNotice, 'conflictId' | 'record'>
}

/** Ids of what was written. Changes that were joined before they were sent share the first one's mutation id. */
export interface WriteReceipt {
  readonly recordId: string
  readonly mutationId: string
}

/** What the app's own code knows of a collection. */
export interface AppSchema {
  /** The schema version that its documents are written in. */
  readonly version: number
  /** What they are checked against here; without it only where the server's version is the same. */
  readonly schema?: JsonSchema
}

export interface WriteInput {
  readonly collection: string
  readonly recordId: string
  readonly op: Operation
  readonly options: WriteOptions
  /** Names this opening of the replica. */
  readonly opening: string
  readonly counted?: Counted | undefined
  readonly app: AppSchema | undefined
  /** It says nothing more of what others handed over. */
  readonly isPart?: true
  /** What was read in this transaction, where the change was made on it. */
  readonly ground?: RecordGround | undefined
}

/**
 * Checks one local change and puts it into the outbox, in the caller's transaction (SM3). The base is the version
 * that the view stands on, `after` the record's previous change that is not settled.
 */
export async function writeLocally(
  tx: StoreTx,
  clock: Clock,
  random: Random,
  input: WriteInput,
): Promise<WriteReceipt> {
  const { collection, recordId, op, options } = input
  if (!isUuid(recordId)) throw new ReplicaError('invalid_id', recordId)
  const ground = input.ground ?? (await readGround(tx, collection, recordId, input.app))
  const decides = options.resolves !== undefined
  const standing = decides ? (ground.record?.data ?? null) : ground.data
  // A delete that decides a conflict lets be what another removed.
  if (!standing && op.type !== 'put' && !(decides && op.type === 'delete'))
    throw new ReplicaError('not_found', `${collection}/${recordId}`)
  const stamped = await stampMutation(tx, clock, random, input, ground)
  const mutation = decides ? await forkParts().asDecision(tx, stamped, options.resolves) : stamped
  const made = ground.writes < ground.version ? evolutionParts().bringUp(ground, mutation) : mutation
  const isDocument = made.op.type !== 'crdt' && made.op.type !== 'ot'
  const plain = isDocument ? plainDocument(standing, made.op) : null
  // What a put lets be counts too; one that decides a conflict stands on the server's record instead.
  const next =
    isDocument && decides ? plain : await dataAfter(tx, collection, ground.record, [...ground.own, made])
  const isOfOther = op.type === 'put' && ground.writes !== ground.version
  await checkWrite(tx, input, ground, isOfOther ? plainDocument(standing, op) : next)
  if (ground.record?.heard && !input.isPart) {
    const core = { groundOf, writeLocally }
    const receipt = await crdtParts().overHeard(core, { ...ground, made }, tx, clock, random, input)
    if (receipt) return receipt
  }
  const passed = passedBound(mutation, bytesOf(mutation), SDK_MUTATION_BYTES_MAX)
  if (passed !== null) throw new ReplicaError('too_large', `at most ${passed}`)
  const counts = await getCounts(tx)
  if (depthOf(counts) + counts.refusals >= OUTBOX_MAX) throw new ReplicaError('outbox_full')
  const kept = await enqueue(tx, mutation, ground.pending.at(-1), input.opening, input.counted)
  return { recordId, mutationId: kept.id }
}

function plainDocument(standing: JsonObject | null, op: Operation): JsonObject | null {
  const next = applyOperation(standing, op)
  if (!next.ok) throw new ReplicaError('invalid_patch', `${next.error.code} at ${next.error.path}`)
  return next.value
}

/**
 * Judges as the schema of the document's version says: the app's, or the server's where this device knows it. What waits
 * for a version ahead of the server, nobody can judge yet.
 */
async function checkWrite(
  tx: StoreTx,
  { collection: name, app, op, options }: WriteInput,
  { config, version, writes }: RecordGround,
  data: JsonObject | null,
): Promise<void> {
  if (options.validate === false) return
  if (!config) {
    // Before the first config the server alone can judge.
    if (await getMeta(tx, 'config')) throw new ReplicaError('unknown_collection', name)
    return
  }
  if (config.access === 'read') throw new ReplicaError('read_only', name)
  const judged = op.type === 'put' ? writes : version
  const own = judged === writes ? app?.schema : undefined
  const schema = own ?? (judged === config.schemaVersion ? config.schema : true)
  const check = data === null ? { ok: true as const } : validateDocument({ ...config, schema }, data)
  if (!check.ok) throw new ReplicaError('invalid_data', name, check.issues)
}

async function stampMutation(
  tx: StoreTx,
  clock: Clock,
  random: Random,
  { collection, recordId, op }: WriteInput,
  ground: RecordGround,
): Promise<Mutation> {
  const identity = await identityOf(tx)
  const nowMs = clock.now()
  const offset = await readOffset(tx)
  const removal = ground.record ? undefined : await removalOf(tx, collection, recordId)
  const after = ground.lastMutationId ?? removal?.id
  const baseEpoch = removal ? removal.baseEpoch : (identity.epoch ?? undefined)
  return {
    id: uuidv7(nowMs, random),
    collection,
    recordId,
    baseVersion: ground.record?.version ?? removal?.baseVersion ?? 0,
    ...(baseEpoch === undefined ? {} : { baseEpoch }),
    ...(after === undefined ? {} : { after }),
    // A change stands on what is shown, which may be of an older version than the app: one that isn't known here yet.
    schemaVersion: op.type === 'put' ? ground.writes : Math.min(ground.writes, ground.version),
    hlc: await tickClock(tx, identity.deviceId, nowMs),
    madeAt: toIso(nowMs),
    ...(offset === null ? {} : { madeOffsetMs: offset.offsetMs }),
    op,
  }
}
