import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { defineKey, jsonEqual } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { CollectionRules, ConflictClosure, ConflictEffect } from '../types.ts'
import { mergeWith } from './field-merge.ts'

/** What a person chose: one side, a document of their own, or to bring back what lost. */
export type Choice =
  | { readonly kind: 'mine' | 'theirs' }
  | { readonly kind: 'merged'; readonly data: JsonObject | null }
  /** `side` is needed only where it isn't plain who lost. */
  | { readonly kind: 'restore'; readonly side: 'mine' | 'theirs' | null }

/** A conflict row as far as a person's choice is concerned. */
export interface DecidableConflict extends Omit<ConflictEffect, 'schemaVersion' | 'remoteVersion'> {
  readonly closure: Pick<ConflictClosure, 'kept'> | null
}

/**
 * The operation on the record as it is now that carries out a choice; null
 * when a restore must name its side. Field by field, `mine` takes the device's side where both changed something and
 * keeps what others did elsewhere, as under OT; of the other strategies it is the device's whole document.
 */
export function resolutionOf(
  conflict: DecidableConflict,
  choice: Choice,
  current: JsonObject | null,
  rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
): Operation | null {
  switch (choice.kind) {
    case 'theirs':
      return write(current)
    case 'merged':
      return write(choice.data)
    case 'mine':
      return write(mineOver(conflict, current, rules))
    case 'restore':
      return restoreOf(conflict, choice.side)
  }
}

const write = (data: JsonObject | null): Operation =>
  data === null ? { type: 'delete' } : { type: 'put', data }

function mineOver(
  { local, base, baseKnown }: DecidableConflict,
  current: JsonObject | null,
  { strategy, fieldStrategies }: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
): JsonObject | null {
  const byField = strategy === 'field-merge' || strategy === 'ot' || Object.keys(fieldStrategies).length > 0
  if (!byField || !baseKnown || local === null || current === null) return local
  return mergeWith(base, local, current, 'local')
}

function restoreOf(conflict: DecidableConflict, named: 'mine' | 'theirs' | null): Operation | null {
  const side = named ?? loserOf(conflict)
  if (side !== null) return write(side === 'mine' ? conflict.local : conflict.remote)
  return conflict.outcome === 'merge' ? restoreFields(conflict) : null
}

function loserOf({ outcome, closure }: DecidableConflict): 'mine' | 'theirs' | null {
  if (outcome === 'local' || closure?.kept === 'mine') return 'theirs'
  return outcome === 'remote' || closure?.kept === 'theirs' ? 'mine' : null
}

/** After a merge each side lost some fields: those come back, and nothing else changes. */
function restoreFields({ fields, local, remote, result }: DecidableConflict): Operation {
  const set: Record<string, Json> = {}
  const unset: string[] = []
  for (const pointer of fields) {
    const mine = valueAt(local, pointer)
    // A field that is gone from the schema since: there is nothing of it to bring back.
    if (mine === undefined && valueAt(remote, pointer) === undefined) continue
    const lost = jsonEqual(valueAt(result, pointer), mine) ? valueAt(remote, pointer) : mine
    if (lost === undefined) unset.push(pointer)
    else defineKey(set, pointer, lost)
  }
  return { type: 'patch', set, unset }
}
