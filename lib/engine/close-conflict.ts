import { jsonEqual } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { Resolution } from '#lib/protocol/push.ts'
import { chainBase } from './after-chain.ts'
import { differingFields } from './conflict/differing-fields.ts'
import { sidesOfToday } from './conflict/sides-of-today.ts'
import type { PushDraft } from './push-draft.ts'
import { asOfToday, conflictOf, recordOf, standingRecord } from './push-draft.ts'
import type { ChangeEffect, ConflictClosure, ConflictEffect } from './types.ts'
import { viewAfter } from './view-after.ts'

const CLOSING: ReadonlySet<ChangeEffect['result']['status']> = new Set(['applied', 'merged', 'superseded'])

/**
 * How an effect closed the conflict that its mutation resolves (CS6); null when it is a conflict itself, or dead.
 * Which side was kept is told by the document alone: whoever decides may send any.
 */
export function closureOf(draft: PushDraft, effect: ChangeEffect): ConflictClosure | null {
  const { mutation } = effect.incoming
  const conflict = mutation.resolves === undefined ? null : conflictOf(draft, mutation.resolves)
  const before = recordOf(draft, mutation)
  const record = effect.record ?? before
  if (!conflict || !record || !CLOSING.has(effect.result.status)) return null
  const { version } = record
  const { data } = asOfToday(draft, mutation.collection, record)
  const theirs = before && asOfToday(draft, mutation.collection, before).data
  const rules = draft.world.collections.get(mutation.collection)
  const mine = rules ? sidesOfToday(rules, conflict).local : conflict.local
  const kept = jsonEqual(data, mine) ? 'mine' : jsonEqual(data, theirs) ? 'theirs' : 'merged'
  return {
    conflictId: conflict.id,
    mutationId: mutation.id,
    deviceId: conflict.deviceId,
    kept,
    version,
    data,
  }
}

/** The row of a mutation that a person's decision leaves without effect (CS7): what it wanted is kept. */
export function decideDeclined(
  draft: PushDraft,
  mutation: Mutation,
  author: string,
  id: string,
): ConflictEffect & { readonly resolution: Resolution } {
  const row = rowOf(draft, mutation, author, id)
  const { fields, remote } = row
  const resolution = { strategy: 'manual', outcome: 'remote', fields } as const
  return { ...row, outcome: 'remote', result: remote, resolution }
}

/** The row of a mutation that a person has to decide (CS6). */
export const decideLater = (
  draft: PushDraft,
  mutation: Mutation,
  author: string,
  id: string,
): ConflictEffect => ({
  ...rowOf(draft, mutation, author, id),
  outcome: 'manual',
  result: null,
  resolution: null,
})

function rowOf(draft: PushDraft, mutation: Mutation, author: string, id: string) {
  const record = standingRecord(draft, mutation)
  const remote = record?.data ?? null
  const base = chainBase(draft, mutation, author).document
  const seen = base.kind === 'known' ? base : { data: remote, crdt: record?.crdt ?? {} }
  const wanted = viewAfter(draft.world, seen, { mutation, deviceId: author, version: 0 })
  const local = wanted.kind === 'known' ? wanted.data : remote
  return {
    id,
    strategy: 'manual',
    fields: differingFields(local, remote),
    schemaVersion: draft.world.collections.get(mutation.collection)?.schemaVersion ?? null,
    base: base.kind === 'known' ? base.data : null,
    baseKnown: base.kind === 'known',
    local,
    remote,
    remoteVersion: record?.version ?? 0,
  } as const
}
