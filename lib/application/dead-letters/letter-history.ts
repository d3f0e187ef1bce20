import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'

/** Deeds of one letter that are shown, the newest; the audit log has them all. */
export const HISTORY_SHOWN_MAX = 100

export const LETTER_DEEDS = ['replay', 'edit', 'discard', 'restore', 'reveal'] as const
export type LetterDeed = (typeof LETTER_DEEDS)[number]

/** One thing that somebody did to a letter, from its entry in the audit log. */
export interface LetterEvent {
  readonly id: string
  readonly atMs: number
  readonly deed: LetterDeed
  /** A person, a key, or the server itself. */
  readonly by: { readonly kind: AuditEntry['actor']['kind']; readonly name: string }
  readonly reason: string | null
  /** Status of the result of a replay or an edit; null for the rest. */
  readonly result: string | null
  /** Why it was refused again, or why it waits. */
  readonly code: string | null
  /** The conflict that it met. */
  readonly conflictId: string | null
  /** What an edit changed, masked where the letter is; of a reveal the fields that were shown. */
  readonly changes: readonly LetterChange[]
  /** The letter that took this one along. */
  readonly with: string | null
}

/** A place in the operation, as a JSON Pointer into it, and what stood and stands there, as JSON; null for nothing. */
export interface LetterChange {
  readonly pointer: string
  readonly before: string | null
  readonly after: string | null
}

/** What people did to a letter, newest first, from its audit entries. Pure. */
export const historyOf = (entries: readonly AuditEntry[]): readonly LetterEvent[] =>
  entries.flatMap((entry) => {
    const deed = LETTER_DEEDS.find((one) => entry.action === `dead-letter.${one}`)
    return deed === undefined || entry.outcome !== 'done' ? [] : [eventOf(entry, deed)]
  })

function eventOf({ id, atMs, actor, reason, after }: AuditEntry, deed: LetterDeed): LetterEvent {
  const told: JsonObject = isJsonObject(after) ? after : {}
  return {
    id,
    atMs,
    deed,
    by: { kind: actor.kind, name: actor.name },
    reason,
    result: textOf(told['status']),
    code: textOf(told['code']),
    conflictId: textOf(told['conflictId']),
    changes: Array.isArray(told['changes']) ? (told['changes'] as readonly Json[]).flatMap(changeOf) : [],
    with: textOf(told['with']),
  }
}

function changeOf(value: Json): readonly LetterChange[] {
  if (!isJsonObject(value)) return []
  const pointer = textOf(value['pointer'])
  if (pointer === null) return []
  return [{ pointer, before: textOf(value['before']), after: textOf(value['after']) }]
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
