import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { CrdtState, DottedValue, OrSetState, TextState } from '#lib/protocol/crdt.ts'
import { SERVER_ACTOR_ID } from '../clock-offset.ts'
import { hashText } from '../state-hash.ts'
import { formatDot } from './dots.ts'
import { registerOf } from './lww-register.ts'
import { checkOrSet, mergeOrSets } from './or-set.ts'
import { distinct } from './set-values.ts'
import type { TextCrdt } from './text.ts'

/** The text engine, which a device loads when a step meets a text. */
export type TextEngine = () => TextCrdt

/**
 * A CRDT of the same kind that reads as the value, where there is one: equal on all that know the value, whatever else
 * they know, so that later changes join. The step counts, adds and types as the server. `seed` names the text.
 */
export function restated(
  state: CrdtState,
  value: Json | undefined,
  hlc: string,
  seed: string,
  texts: TextEngine,
): CrdtState {
  switch (state.kind) {
    case 'lww-register':
      return registerOf(value, state.hlc)
    case 'g-counter':
    case 'pn-counter':
      return counterOf(state.kind, value) ?? registerOf(value, hlc)
    case 'or-set':
      return setOf(state, value) ?? registerOf(value, hlc)
    case 'text':
      return (
        (typeof value === 'string' ? textOf(state, value, seed, texts()) : null) ?? registerOf(value, hlc)
      )
  }
}

function counterOf(kind: 'g-counter' | 'pn-counter', value: Json | undefined): CrdtState | null {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return null
  const own = value === 0 ? {} : { [SERVER_ACTOR_ID]: Math.abs(value) }
  if (kind === 'g-counter' && value >= 0) return { kind, state: own }
  return { kind: 'pn-counter', state: value < 0 ? { p: {}, n: own } : { p: own, n: {} } }
}

function setOf(set: OrSetState, value: Json | undefined): OrSetState | null {
  if (!Array.isArray(value)) return null
  const wanted = distinct(value as readonly Json[])
  if (wanted.size < value.length) return null
  const kept = set.add.filter((element) => wanted.has(canonicalJson(element.value)))
  const known = new Set(kept.map((element) => canonicalJson(element.value)))
  const added = [...wanted].flatMap(([text, each]) => (known.has(text) ? [] : [dotted(text, each)]))
  const fresh = checkOrSet({ add: added })
  return fresh.ok ? mergeOrSets({ ...set, add: kept }, fresh.value) : null
}

/**
 * The step is an edit of the text that was there, under a number that its value has no part in: who brought up an older text
 * than the server's types at places that the server's has too.
 */
function textOf(state: TextState, value: string, seed: string, text: TextCrdt): TextState | null {
  const edit = text.edit(state, value, `${SERVER_ACTOR_ID}${seed}`)
  const made = edit.ok ? text.merge(state, edit.value) : text.edit(null, value, `${SERVER_ACTOR_ID}${seed}`)
  return made.ok ? made.value : null
}

const BITS_32 = 2 ** 32
const HIGH_MAX = 2 ** 18

/** By the value alone, so that all who compute it add it under one dot. */
function dotted(text: string, value: Json): DottedValue {
  const { high, low } = hashText(text)
  return { value, dot: formatDot({ deviceId: SERVER_ACTOR_ID, n: (high % HIGH_MAX) * BITS_32 + low + 1 }) }
}
