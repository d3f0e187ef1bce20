import { hash53 } from '#lib/engine/crdt/hash53.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { assert } from '#lib/kernel/result.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import type { PulledRecord, PullResponse } from '#lib/protocol/pull.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import { stateAt } from './crdt-state-at.ts'
import { loadedText } from './crdt-text.ts'
import { otParts } from './on-demand.ts'
import type { Run } from './run.ts'
import type { StoreTx } from './store.ts'
import type { ReplicaRecord } from './tables.ts'
import { getRecord } from './tables.ts'

/**
 * The page with the texts whole that it tells by what came to them since the token (TK9). Null where one doesn't come to what
 * the server has, as after the store lost something: then pages are asked for with whole texts.
 */
export async function joinTextsSince<P extends PullResponse>(
  tx: StoreTx,
  run: Run,
  page: P,
): Promise<P | null> {
  const changes: WireRecord[] = []
  for (const { textsSince, ...change } of page.changes) {
    const known = textsSince && (await getRecord(tx, change.collection, change.recordId))
    const record = textsSince ? known && joined(known, change, textsSince) : change
    if (!record) {
      assert(run.texts === 'since', 'whole texts were asked for')
      run.texts = 'whole'
      return null
    }
    changes.push(record)
  }
  return { ...page, changes }
}

function joined(
  known: ReplicaRecord,
  change: WireRecord,
  textsSince: NonNullable<PulledRecord['textsSince']>,
): WireRecord | null {
  if (known.life !== change.life || known.schemaVersion !== change.schemaVersion) return null
  const states: Record<string, TextState> = {}
  const set: Record<string, string> = {}
  for (const [path, told] of Object.entries(textsSince as Readonly<Record<string, unknown>>)) {
    if (!isJsonObject(told)) return null
    const { update, hash } = told
    const state = update === undefined ? null : stateWith(known, path, update)
    const text = state ? loadedText().read(state) : otParts().textAt(known, change, path)
    if (!text?.ok || hash53(text.value) !== hash) return null
    set[path] = text.value
    if (state) states[path] = state
  }
  const data = applyOperation(change.data, { type: 'patch', set })
  return data.ok ? { ...change, data: data.value, crdt: { ...change.crdt, ...states } } : null
}

/** The text that is held, with what came to it; null where they are none. */
function stateWith(known: ReplicaRecord, path: string, update: unknown): TextState | null {
  const state = stateAt(known.crdt ?? {}, path)
  if (state?.kind !== 'text' || typeof update !== 'string') return null
  const since = { kind: 'text', update } as const
  const text = loadedText()
  // Looked at first: the join goes on from the document that this loads.
  const whole = text.clash(state, since) === null ? text.merge(state, since) : null
  return whole?.ok ? whole.value : null
}
