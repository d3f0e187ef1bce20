import { CONFLICTS_ASKED_MAX } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import { spoilDots } from './device-dots.ts'
import { forkParts } from './on-demand.ts'
import type { StoreTx } from './store.ts'
import type {
  AcknowledgedEntry,
  ConflictNotice,
  DeadLetterNotice,
  LocalRefusal,
  RecoveryNotice,
} from './tables.ts'
import { NO_COUNTS, allRows, eachRow, getMeta, getRow, putRow, recordRowKey, setMeta } from './tables.ts'

/** Dead letters stand on the server too: of those only the newest are kept here. */
export const DEAD_LETTER_NOTICES_MAX = 1_000
export const NOTICES_SHOWN_MAX = 1_000

export const conflictKey = (collection: string, recordId: string, conflictId: string): string =>
  `conflict/${recordRowKey(collection, recordId)}/${conflictId}`

export const conflictsOf = (
  tx: StoreTx,
  collection: string,
  recordId: string,
): Promise<readonly ConflictNotice[]> =>
  allRows<ConflictNotice>(tx, 'notices', conflictKey(collection, recordId, ''), NOTICES_SHOWN_MAX)

/** Everything that the app is told of, by the prefix of its rows. */
export interface Notices {
  readonly conflict: ConflictNotice[]
  readonly dead_letter: DeadLetterNotice[]
  readonly refusal: LocalRefusal[]
  readonly recovery: RecoveryNotice[]
}

/** Each kind in the order of its keys, at most NOTICES_SHOWN_MAX of it. */
export async function listNotices(tx: StoreTx): Promise<Notices> {
  const notices: Notices = { conflict: [], dead_letter: [], refusal: [], recovery: [] }
  await eachRow<never>(tx, 'notices', '', (row, key) => {
    // What recovery puts out of everybody's way has a prefix of its own.
    const own: unknown[] | undefined = notices[key.split('/')[0] as keyof Notices]
    if (own && own.length < NOTICES_SHOWN_MAX) own.push(row)
    return true
  })
  return notices
}

/** A child of a mutation in conflict answers with its parent's conflict: one notice holds both. */
export async function noteConflict(
  tx: StoreTx,
  conflictId: string,
  { mutation, acknowledgedAtMs, ...place }: AcknowledgedEntry,
  record: WireRecord | null,
  isUnsure: boolean,
): Promise<void> {
  const { collection, recordId } = mutation
  const key = conflictKey(collection, recordId, conflictId)
  const known = await getRow<ConflictNotice>(tx, 'notices', key)
  const mutations = [...(known?.mutations ?? []).filter((own) => own.id !== mutation.id), mutation]
  const notice: ConflictNotice = {
    noticedAtMs: acknowledgedAtMs,
    ...known,
    conflictId,
    collection,
    recordId,
    mutations,
    places: { ...known?.places, [mutation.id]: place },
    record,
    unsure: isUnsure || undefined,
  }
  await putRow(tx, 'notices', key, notice)
}

/** Told by the server. The device goes on showing its own side until a pull brings what was decided. */
export async function noteDecided(tx: StoreTx, conflictId: unknown): Promise<void> {
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', async (notice, key) => {
    if (notice.conflictId !== conflictId) return true
    await putRow(tx, 'notices', key, { ...notice, decided: true })
    return false
  })
}

/** What waited behind it has left the queue with it: only the server knows what became of that (CM3). */
async function closeNotice(
  tx: StoreTx,
  { collection, recordId, conflictId, mutations, places }: ConflictNotice,
): Promise<void> {
  await tx.remove('notices', conflictKey(collection, recordId, conflictId))
  if (mutations.length > 1) await forkParts().askBehind(tx, mutations, places)
}

/** After a pull that left nothing to read. */
export async function closeNotedDecided(tx: StoreTx): Promise<void> {
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', async (notice) => {
    if (notice.decided) await closeNotice(tx, notice)
    return true
  })
}

export async function closeConflict(
  tx: StoreTx,
  { collection, recordId, resolves }: Mutation,
): Promise<void> {
  if (resolves === undefined) return
  const notice = await getRow<ConflictNotice>(tx, 'notices', conflictKey(collection, recordId, resolves))
  if (notice) await closeNotice(tx, notice)
}

/** Conflicts to ask the server about. */
export async function unsureConflicts(tx: StoreTx): Promise<readonly ConflictNotice[]> {
  const unsure: ConflictNotice[] = []
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', (notice) => {
    if (notice.unsure && !notice.decided) unsure.push(notice)
    return unsure.length < CONFLICTS_ASKED_MAX
  })
  return unsure
}

export async function noteDeadLetter(tx: StoreTx, notice: DeadLetterNotice): Promise<void> {
  if (notice.mutation.op.type === 'crdt') await spoilDots(tx)
  await putRow(tx, 'notices', `dead_letter/${notice.mutation.id}`, notice)
  const rows = await tx.scan('notices', { prefix: 'dead_letter/', limit: DEAD_LETTER_NOTICES_MAX + 1 })
  // Mutation ids sort by the time of their making: the first is the oldest.
  const oldest = rows[0]
  if (rows.length > DEAD_LETTER_NOTICES_MAX && oldest) await tx.remove('notices', oldest.key)
}

/** The letter is closed: an operator let it go, or had it replayed, with an outcome that only the server knows (CM3). */
export async function closeLetter(tx: StoreTx, deadLetterId: unknown, isReplayed: boolean): Promise<void> {
  await eachRow<DeadLetterNotice>(tx, 'notices', 'dead_letter/', async (notice, key) => {
    if (notice.deadLetterId !== deadLetterId) return true
    await tx.remove('notices', key)
    if (isReplayed) await forkParts().askAgain(tx, [notice.mutation])
    return false
  })
}

/** Never dropped by itself: it is the only copy of somebody's work. The outbox's bound counts it. */
export async function noteRefusal(tx: StoreTx, refusal: LocalRefusal): Promise<void> {
  if (refusal.mutation.op.type === 'crdt') await spoilDots(tx)
  await putRow(tx, 'notices', `refusal/${refusal.mutation.id}`, refusal)
  const counts = (await getMeta(tx, 'counts')) ?? NO_COUNTS
  await setMeta(tx, 'counts', { ...counts, refusals: counts.refusals + 1 })
}
