import type { Result } from '#lib/kernel/result.ts'
import type { CrdtState, CrdtStates, TextState } from '#lib/protocol/crdt.ts'
import { claim } from './claim.ts'
import { ownState } from './derive.ts'
import type { TextCrdt } from './text.ts'

/**
 * The states that typing is joined into, where its author saw a plain text that another one has replaced since: the text
 * keeps the places of the one that was seen, emptied. Without them the letters would wait for ever, and nobody see them.
 * @param seen of the base; `deltas` are the author's
 */
export function withPlacesSeen(
  states: CrdtStates,
  seen: CrdtStates,
  deltas: CrdtStates,
  text: TextCrdt | null,
): CrdtStates {
  const kept = Object.keys(deltas).flatMap((path) => {
    const was = ownState(seen, path)
    const delta = deltas[path]
    if (!text || was?.kind !== 'lww-register' || delta?.kind !== 'text') return []
    const places = textOf(claim(was, 'text', text))
    const state = ownState(states, path)
    const now = state ? textOf(claim(state, 'text', text)) : null
    if (!places || (state && !now) || isKnown(now, places, delta, text)) return []
    const emptied = textOf(text.edit(places, '', path))
    const both = [places, emptied].reduce<TextState | null>(
      (joined, part) => (joined && part ? textOf(text.merge(joined, part)) : (joined ?? part)),
      now,
    )
    return both ? [[path, both] as const] : []
  })
  return kept.length === 0 ? states : { ...states, ...Object.fromEntries(kept) }
}

/** Whether the text has the places, or nothing of the delta waits for them. */
function isKnown(now: TextState | null, places: TextState, delta: TextState, text: TextCrdt): boolean {
  if (!now) return false
  const joined = text.holds(now, places) ? null : textOf(text.merge(now, delta))
  return joined === null || !text.waits(joined)
}

const textOf = (made: Result<CrdtState, string>): TextState | null =>
  made.ok && made.value.kind === 'text' ? made.value : null
