import type { JsonObject } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { TextSince } from '#lib/protocol/pull.ts'
import { applyOperation } from '../patch.ts'
import type { RecordTexts } from '../wire-record.ts'
import { hash53 } from './hash53.ts'
import type { TextCrdt } from './text.ts'

/** What a device holds, or more: states of an earlier version of the record. */
export interface EarlierStates {
  readonly version: number
  readonly schemaVersion: number
  readonly crdt: CrdtStates
}

/**
 * The record with its texts of so many characters of state told by what came to them since (protocol.md, pull), where that is
 * less. States only grow within a life of the record, so that a device may hold more than `then`, and joins what it has.
 */
export function withTextsSince(
  record: RecordTexts,
  then: EarlierStates,
  fromChars: number,
  text: TextCrdt,
): RecordTexts {
  const isOfThisLife = then.version >= (record.life ?? 0) && then.schemaVersion === record.schemaVersion
  if (record.crdt === null || !isOfThisLife) return record
  const states = JSON.parse(record.crdt) as CrdtStates
  const data = JSON.parse(record.data) as JsonObject
  const told: Record<string, TextSince> = {}
  for (const [path, state] of Object.entries(states)) {
    const was = Object.hasOwn(then.crdt, path) ? then.crdt[path] : undefined
    const shown = valueAt(data, path)
    if (state.kind !== 'text' || was?.kind !== 'text' || typeof shown !== 'string') continue
    if (state.update.length < fromChars) continue
    const since = text.since(was, state)
    if (since && since.update.length < state.update.length)
      told[path] = { update: since.update, hash: hash53(shown) }
  }
  const paths = Object.keys(told)
  const cut = applyOperation(data, {
    type: 'patch',
    set: Object.fromEntries(paths.map((path) => [path, ''])),
    unset: [],
  })
  if (paths.length === 0 || !cut.ok) return record
  const rest = Object.entries(states).filter(([path]) => !Object.hasOwn(told, path))
  const crdt = rest.length === 0 ? null : JSON.stringify(Object.fromEntries(rest))
  return { ...record, data: JSON.stringify(cut.value), crdt, textsSince: told }
}
