import { passAll } from '#lib/engine/ot/integrate.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { touchedPlaces } from '#lib/engine/ot/touched-places.ts'
import type { Json } from '#lib/kernel/json.ts'
import { overlaps } from '#lib/kernel/json-pointer.ts'
import type { Mutation, Operation, OtOperation } from '#lib/protocol/mutation.ts'
import { conflictKey, conflictsOf } from './notices.ts'
import { evolutionParts } from './on-demand.ts'
import { bytesOf, pendingOf, saveEntry } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { ConflictNotice, OutboxEntry } from './tables.ts'
import { configOf, getRecord, getRow, putRow } from './tables.ts'
import { notYetIn } from './view.ts'

const isOperation = ({ type }: Pick<Operation, 'type'>): boolean => type === 'ot'

/** An own change and the pointers that it touches, null for one that can't be told. */
interface Touching {
  readonly type: Operation['type']
  readonly touched: readonly (string | null)[]
}

export const touching = (
  op: Operation,
  nameOf: (pointer: string) => string | null = (name) => name,
): Touching => ({
  type: op.type,
  touched: touchedPlaces(op).map(nameOf),
})

/** True where it can't be told that it doesn't. */
const touches = ({ touched }: Touching, at: string | null): boolean =>
  touched.some((pointer) => pointer === null || at === null || overlaps(pointer, at))

/** True where none but operations touch a path. */
export const areOperationsAt = (own: readonly Touching[], at: string | null): boolean =>
  own.every((change) => isOperation(change) || !touches(change, at))

/** The operations that wait on a path, made on `from`, as they have to be on `to`, past others' in between. */
export async function pass(
  waiting: readonly Waiting[],
  { from, to, theirs }: { readonly from: number; readonly to: number; readonly theirs: readonly Json[] },
): Promise<void> {
  const [first] = waiting
  const fit = waiting.every(({ op }) => op.baseRevision === from && op.kind === first?.op.kind)
  if (!first || !fit) return
  let mine: readonly Json[] = waiting.map(({ op }) => op.ops)
  for (const other of theirs) {
    const passed = passAll(otLibrary[first.op.kind], mine, other)
    if (!passed.ok) return
    mine = passed.value.mine
  }
  for (const [i, { op, keep }] of waiting.entries())
    await keep({ ...op, ops: mine[i] as Json, baseRevision: to })
}

/** An operation that waits, with the way to keep it as it has to be by now. */
interface Waiting {
  readonly op: OtOperation
  keep(op: OtOperation): Promise<void>
}

/**
 * The operations of a record that wait, by path, first those that wait behind a conflict about something else. None where a
 * document write that waits touches it: it was made on them as they are, or they on it, so they go out on the revision that
 * they were made on, and the server takes all past others'. So it is where a conflict is about it: they stand on the device's
 * side of that.
 * @param keptBefore the first one of a path, where its place in the queue is before this, goes out as it is now
 */
export async function waitingIn(
  tx: StoreTx,
  { collection, recordId, schemaVersion }: Pick<Mutation, 'collection' | 'recordId' | 'schemaVersion'>,
  keptBefore = 0,
): Promise<(path: string) => readonly Waiting[]> {
  const waiting = (await pendingOf(tx, collection, recordId)).filter(({ asked }) => !asked)
  const pending = notYetIn(await getRecord(tx, collection, recordId), waiting)
  const conflicts = await conflictsOf(tx, collection, recordId)
  const changes = [...conflicts.flatMap(({ mutations }) => mutations), ...pending.map((one) => one.mutation)]
  if (!changes.some(({ op }) => isOperation(op))) return () => []
  const config = await configOf(tx, collection)
  /** Under the newest version that this device knows. */
  const nameOf = (version: number, name: string): string | null =>
    config?.upMigrations?.length && version < config.schemaVersion
      ? evolutionParts().pointer(config, name, version)
      : name
  const touchingOf = ({ op, schemaVersion: of }: Mutation): Touching =>
    touching(op, (name) => nameOf(of, name))
  const heads = conflicts.flatMap(({ mutations }) => mutations.slice(0, 1)).map(touchingOf)
  const own = new Map(changes.map((mutation) => [mutation, touchingOf(mutation)]))
  return (path) => {
    const at = nameOf(schemaVersion, path)
    if (heads.some((head) => touches(head, at)) || !areOperationsAt([...own.values()], at)) return []
    const isHere = (mutation: Mutation): boolean => own.get(mutation)?.touched[0] === at
    const queued = pending.filter(({ mutation }) => isHere(mutation))
    return [
      ...conflicts.flatMap((conflict) => heldIn(tx, conflict, isHere)),
      ...queued.flatMap((entry, i) => queuedIn(tx, entry, i === 0 && entry.position < keptBefore)),
    ]
  }
}

/** One that went out may have had its effect as it was sent: so it goes out again, whatever it is shown as. */
function queuedIn(tx: StoreTx, entry: OutboxEntry, isKept: boolean): readonly Waiting[] {
  const { op } = entry.mutation
  if (op.type !== 'ot') return []
  const keep: Waiting['keep'] = (next) => {
    const mutation = { ...entry.mutation, op: next }
    // Past a document write that no revision names the server takes it itself, from its base.
    const isAsMade = isKept || entry.sends > 0 || next.baseRevision === op.baseRevision
    const sentAs = isAsMade ? { sentAs: entry.sentAs ?? op } : {}
    return saveEntry(tx, { ...entry, ...sentAs, mutation, bytes: bytesOf(mutation) })
  }
  return [{ op, keep }]
}

/** What is shown of them: the server has them as they were sent, and so has what is kept of them. */
function heldIn(
  tx: StoreTx,
  { collection, recordId, conflictId, mutations }: ConflictNotice,
  isHere: (mutation: Mutation) => boolean,
): readonly Waiting[] {
  const key = conflictKey(collection, recordId, conflictId)
  return mutations.flatMap((mutation): readonly Waiting[] => {
    const { id, op } = mutation
    if (op.type !== 'ot' || !isHere(mutation)) return []
    const keep: Waiting['keep'] = async (next) => {
      const notice = (await getRow<ConflictNotice>(tx, 'notices', key)) as ConflictNotice
      const shown = notice.mutations.map((own) => (own.id === id ? { ...own, op: next } : own))
      await putRow(tx, 'notices', key, { ...notice, mutations: shown })
    }
    return [{ op, keep }]
  })
}
