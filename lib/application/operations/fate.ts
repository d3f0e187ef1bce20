import type { ItemOutcome } from '#lib/engine/operation-machine.ts'
import { unreachable } from '#lib/kernel/result.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'

/** What became of a member, or would become of it. */
export interface Fate {
  readonly outcome: ItemOutcome
  readonly code: string | null
  readonly detail: string | null
  /** The place that was refused, as a letter has it: a JSON Pointer, or a rule's id. */
  readonly path: string | null
  /** Of an edited form that had its effect. */
  readonly mutationId: string | null
}
/** It got no lasting answer: it keeps its place, and what stands behind it waits. */
export interface Later {
  readonly outcome: 'later'
  readonly code: string | null
  readonly retryAfterMs: number
}

export const fate = (
  outcome: ItemOutcome,
  code: string | null = null,
  detail: string | null = null,
  path: string | null = null,
): Fate => ({
  outcome,
  code,
  detail,
  path,
  mutationId: null,
})

export const CLOSED = {
  open: fate('closed', 'not_open', 'it was replayed or discarded meanwhile'),
  discarded: fate('closed', 'not_restorable', 'it is not discarded any more, or too long ago'),
}
export const HELD = fate('held', 'parent_dead', 'the letter that it was made after is still dead')
export const GONE = fate('gone', 'purged', 'it was removed')

/**
 * A push's word for a letter that ran. `mutationId` is its own, or that of its edited form.
 * @param path the place that was refused, which no result tells
 */
export function fateOf(
  result: MutationResult,
  path: string | null,
  { mutation }: DeadLetterRow,
): Fate | Later {
  const mutationId = result.id === mutation.id ? null : result.id
  switch (result.status) {
    case 'applied':
    case 'merged':
    case 'superseded':
    case 'conflict':
      return { outcome: result.status, code: null, detail: null, path: null, mutationId }
    case 'duplicate':
      return fate('duplicate')
    case 'dead_lettered':
      return fate('still_dead', result.code, result.detail, path)
    case 'refused':
      return fate('refused', result.code, result.detail)
    case 'retry':
      return { outcome: 'later', code: result.code, retryAfterMs: result.retryAfterMs }
    case 'shed':
      return { outcome: 'later', code: 'shed', retryAfterMs: result.retryAfterMs }
    case 'not_applied':
      return fate('refused', 'not_applied')
    default:
      return unreachable(result)
  }
}
