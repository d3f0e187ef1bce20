import { hash53 } from '#lib/engine/crdt/hash53.ts'
import { materialise } from '#lib/engine/crdt/materialise.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import type { PulledRecord, PullResponse } from '#lib/protocol/pull.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import { stateAt } from './crdt-state-at.ts'
import { loadedText } from './crdt-text.ts'
import type { Run } from './run.ts'
import type { StoreTx } from './store.ts'
import type { ReplicaRecord } from './tables.ts'
import { getRecord } from './tables.ts'

/**
 * The page with the texts whole that it tells by what came to them since the token (protocol.md, pull). Null where one
 * doesn't come to what the server has, as after the store lost something: then pages are asked for with whole texts.
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
  for (const [path, told] of Object.entries(textsSince)) {
    const state = stateAt(known.crdt ?? {}, path)
    const text = state?.kind === 'text' ? textWith(state, told) : null
    if (!text) return null
    states[path] = text
  }
  const data = change.data && materialise(change.data, states, loadedText())
  return data?.ok ? { ...change, data: data.value, crdt: { ...change.crdt, ...states } } : null
}

/** Null for what can't be read, and where the text then reads otherwise than the server's. */
function textWith(state: TextState, told: unknown): TextState | null {
  if (!isJsonObject(told) || typeof told['update'] !== 'string') return null
  const text = loadedText()
  const since = { kind: 'text', update: told['update'] } as const
  // Looked at first: the join goes on from the document that this loads.
  if (text.clash(state, since) !== null) return null
  const whole = text.merge(state, since)
  const reads = whole.ok ? text.read(whole.value) : whole
  return whole.ok && reads.ok && hash53(reads.value) === told['hash'] ? whole.value : null
}
