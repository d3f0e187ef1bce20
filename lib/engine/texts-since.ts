import type { JsonObject } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { TextSince } from '#lib/protocol/pull.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import { hash53 } from './crdt/hash53.ts'
import type { TextCrdt } from './crdt/text.ts'
import { applyOperation } from './patch.ts'
import type { RecordTexts } from './wire-record.ts'

/** What a device holds, or more: states of an earlier version of the record. */
export interface EarlierStates {
  readonly version: number
  readonly schemaVersion: number
  readonly crdt: CrdtStates
}

/**
 * The record with its texts of so many characters told by what came to them since (TK9), where that is less. States only grow
 * within a life of the record, so that a device may hold more than `then`, and joins what it has.
 * @param ot its paths under OT as the page tells them
 */
export function withTextsSince(
  record: RecordTexts,
  ot: WireRecord['ot'],
  then: EarlierStates,
  fromChars: number,
  text: TextCrdt,
): RecordTexts {
  if (then.version < (record.life ?? 0) || then.schemaVersion !== record.schemaVersion) return record
  const data = JSON.parse(record.data) as JsonObject
  const states = JSON.parse(record.crdt ?? '{}') as CrdtStates
  const joined = joinedSince(data, states, then.crdt, fromChars, text)
  const told = { ...operatedSince(data, ot, fromChars), ...joined }
  const paths = Object.keys(told)
  if (paths.length === 0) return record
  const cut = applyOperation(data, {
    type: 'patch',
    set: Object.fromEntries(paths.map((path) => [path, ''])),
  })
  if (!cut.ok) return record
  const rest = Object.entries(states).filter(([path]) => !Object.hasOwn(joined, path))
  const crdt = rest.length === 0 ? null : JSON.stringify(Object.fromEntries(rest))
  return { ...record, data: JSON.stringify(cut.value), crdt, textsSince: told }
}

/** By the update from an earlier state. */
function joinedSince(
  data: JsonObject,
  states: CrdtStates,
  then: CrdtStates,
  fromChars: number,
  text: TextCrdt,
): Record<string, TextSince> {
  const told: Record<string, TextSince> = {}
  for (const [path, state] of Object.entries(states)) {
    if (state.kind !== 'text' || state.update.length < fromChars) continue
    const was = Object.hasOwn(then, path) ? then[path] : undefined
    const shown = valueAt(data, path)
    const since = was?.kind === 'text' && typeof shown === 'string' ? text.since(was, state) : null
    if (since && since.update.length < state.update.length)
      told[path] = { update: since.update, hash: hash53(shown as string) }
  }
  return told
}

/**
 * By the operations that the page tells anyway; not from a path's first one on: that was made on a document, and what was
 * written of that since the earlier one is in no log.
 */
function operatedSince(data: JsonObject, ot: WireRecord['ot'], fromChars: number): Record<string, TextSince> {
  const told: Record<string, TextSince> = {}
  for (const [path, { kind, revision, ops }] of Object.entries(ot ?? {})) {
    const isLogged = ops && ops.length < revision
    const shown = kind === 'text' && isLogged ? valueAt(data, path) : undefined
    if (typeof shown === 'string' && shown.length >= fromChars) told[path] = { hash: hash53(shown) }
  }
  return told
}
