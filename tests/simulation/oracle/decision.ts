import { canonicalJson } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { PushWrites } from '#lib/storage/ports.ts'
import { strategyOf } from '../world/collections.ts'
import type { ModelRecord } from './history.ts'
import { newest, stampOf } from './history.ts'
import type { Intent } from './intent.ts'
import { asWritten } from './migrations.ts'
import type { Invariant } from './violation.ts'

type Change = PushWrites['changes'][number]
type Blame = (invariant: Invariant, text: string) => void

const equal = (a: JsonObject | null, b: JsonObject | null): boolean =>
  canonicalJson(a && asWritten(a)) === canonicalJson(b && asWritten(b))

/**
 * Judges what the server made of one mutation by what its user saw and meant, where that says all: the whole document
 * of the later stamp wins (`lww`), fields that only one side changed are both kept (`field-merge`), and whoever came
 * late asks a person (`fww`, `manual`).
 */
export function checkDecision(
  blame: Blame,
  epoch: number,
  record: ModelRecord,
  change: Change,
  intent: Intent | null,
): void {
  const { mutation } = change.incoming
  const { status } = change.result
  checkResurrection(blame, record, change)
  checkPerson(blame, epoch, record, change, intent)
  if (!intent || intent.inConflict || change.replayOf !== null || change.releasedBy !== null) return
  if (intent.isPoison || mutation.resolves !== undefined || status === 'dead_lettered') return
  const current = newest(record)
  const since = record.versions.filter(({ version }) => version > mutation.baseVersion)
  const others = since.filter(({ author }) => author !== change.deviceId)
  // Its own, and yet nothing that its user saw.
  if (since.some(({ author, isReplayed }) => isReplayed && author === change.deviceId)) return
  const isOfOldEpoch = mutation.baseEpoch !== undefined && mutation.baseEpoch !== epoch
  if (isOfOldEpoch || mutation.op.type === 'crdt') return
  const name = `${mutation.id} on ${record.collection}/${record.recordId}`
  if (others.length === 0) {
    if (mutation.after === undefined && current && mutation.baseVersion > 0 && status !== 'applied')
      blame('A', `${name} is ${status}, though nobody came between`)
    if (
      status === 'applied' &&
      mutation.after === undefined &&
      !equal(change.record?.data ?? null, intent.after)
    )
      blame(
        'C',
        `${name} made ${canonicalJson(change.record?.data ?? null)}, meant was ${canonicalJson(intent.after)}`,
      )
    return
  }
  // What stands on another change of the device that is itself in doubt, or meets a deletion, has rules of its own.
  if (mutation.after !== undefined || !current || current.data === null || intent.after === null) return
  if (intent.before === null || mutation.baseVersion === 0) return
  const strategy = strategyOf(record.collection)
  const isLater = mutation.hlc > record.hlc
  if (strategy === 'lww') {
    const expected = isLater ? intent.after : null
    if (expected && !equal(change.record?.data ?? null, expected))
      blame(
        'C',
        `${name} has the later stamp, and the record is ${canonicalJson(change.record?.data ?? null)}`,
      )
    if (!expected && (status !== 'superseded' || change.record))
      blame('C', `${name} has the earlier stamp, and is ${status}`)
  }
  if (strategy === 'fww' && status !== 'conflict') blame('C', `${name} is not the first, and is ${status}`)
  if (strategy === 'manual' && status !== 'conflict' && !equal(current.data, intent.after))
    blame('C', `${name} needs a person, and is ${status}`)
  if (strategy === 'field-merge') {
    const expected = mergedByField(
      intent.before,
      intent.after,
      current.data,
      (name) => mutation.hlc > stampOf(record, name),
    )
    const made = change.record?.data ?? current.data
    if (!equal(made, expected))
      blame(
        'C',
        `${name} was merged to ${canonicalJson(made)}, by its fields it is ${canonicalJson(expected)}`,
      )
  }
}

/** A: where a person decides, nothing that they did not see is overwritten by it: they are asked again (CS12). */
function checkPerson(
  blame: Blame,
  epoch: number,
  record: ModelRecord,
  { incoming, record: made, deviceId, replayOf, releasedBy }: Change,
  intent: Intent | null,
): void {
  const { saw } = intent ?? {}
  const asks = ['fww', 'manual'].includes(strategyOf(record.collection))
  if (!saw || saw.epoch !== epoch || !asks || !made || replayOf !== null || releasedBy !== null) return
  const unseen = record.versions.filter(({ version, author }) => version > saw.version && author !== deviceId)
  const now = newest(record)
  if (unseen.length > 0 && now && !equal(made.data, now.data))
    blame(
      'A',
      `${incoming.mutation.id} decides on ${saw.version} of ${record.collection}/${record.recordId}, over ${now.version}`,
    )
}

function mergedByField(
  base: JsonObject,
  local: JsonObject,
  current: JsonObject,
  isLater: (name: string) => boolean,
): JsonObject {
  const merged: JsonObject = {}
  for (const name of new Set([base, local, current].flatMap(Object.keys))) {
    const [was, mine, theirs] = [base[name], local[name], current[name]]
    const own = mine !== was && (theirs === was || isLater(name))
    const value = own ? mine : theirs
    if (value !== undefined) Object.assign(merged, { [name]: value })
  }
  return merged
}

/** Z: what was deleted returns by a creation, by an edit that meets the deletion, or by a person. */
function checkResurrection(blame: Blame, record: ModelRecord, change: Change): void {
  const current = newest(record)
  if (!change.record?.data || !current || current.data !== null) return
  const { op, baseVersion, resolves, id } = change.incoming.mutation
  if (resolves !== undefined || change.replayOf !== null || change.releasedBy !== null) return
  const knewOfIt = baseVersion >= current.version
  if (op.type !== 'put' && knewOfIt && change.incoming.mutation.after === undefined)
    blame('Z', `${id} brought ${record.collection}/${record.recordId} back by a ${op.type}`)
}
