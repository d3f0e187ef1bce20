import type { Json } from '#lib/kernel/json.ts'
import { crdtParts, evolutionParts, fetched, otParts } from './on-demand.ts'
import type { handles } from './crdt-handles.ts'
import { readOffset, receiveStamps, tickClock } from './device-clock.ts'
import { noteDot, spoiltDots } from './device-dots.ts'
import type { JsonPath } from './ot-parts.ts'
import { getRecord, identityOf, putRow, recordRowKey } from './tables.ts'
import { UNKNOWN_RULES, groundOf, readGround, rulesOf } from './view.ts'
import type { TextEdit } from './text-edits.ts'
import type { WriteReceipt } from './write.ts'
import { writeLocally } from './write.ts'

/** A number that devices count up and down together: all their steps are in it, whoever was offline. */
export interface CounterHandle {
  /** 0 when nothing was counted yet. */
  value(): Promise<number>
  /** Whole numbers only. */
  increment(by?: number): Promise<WriteReceipt>
  decrement(by?: number): Promise<WriteReceipt>
}

/** A set of values; an addition wins over a removal that didn't see it. */
export interface SetHandle {
  values(): Promise<readonly Json[]>
  add(value: Json): Promise<WriteReceipt>
  /** Null when the value isn't in the set: there is nothing to send. */
  remove(value: Json): Promise<WriteReceipt | null>
}

/** A value of which the last writer's stays, by the stamp of the write. */
export interface RegisterHandle {
  /** Undefined when it holds nothing. */
  value(): Promise<Json | undefined>
  set(value: Json): Promise<WriteReceipt>
  /** Takes the field out of the document. */
  clear(): Promise<WriteReceipt>
}

/**
 * A text that several may write in at once, as a CRDT or under operational transformation, as its field's strategy
 * says. Positions count UTF-16 units, as JavaScript does.
 */
export interface TextHandle {
  value(): Promise<string>
  insert(index: number, text: string): Promise<WriteReceipt>
  delete(index: number, length: number): Promise<WriteReceipt>
  /**
   * Up to 2,000 edits in one change, each on the text that those before it made: what an editor tells at once, or a
   * second of typing. Whole or not at all; nobody changes the array until then.
   */
  edit(edits: readonly TextEdit[]): Promise<WriteReceipt>
  /** The text as it is now, and where positions in the text `seen` are in it: cursors stay at what they stand before. */
  follow(seen: string, positions: readonly number[]): Promise<Followed>
}

export interface Followed {
  readonly value: string
  readonly positions: readonly number[]
}

/** JSON that several may change at once, under operational transformation. `at` goes from the field's value down. */
export interface JsonHandle {
  value(): Promise<Json | undefined>
  /** Into an array before that index, or under a name that is free. */
  insert(at: JsonPath, value: Json): Promise<WriteReceipt>
  replace(at: JsonPath, value: Json): Promise<WriteReceipt>
  remove(at: JsonPath): Promise<WriteReceipt>
  move(from: JsonPath, to: JsonPath): Promise<WriteReceipt>
  /** An operation of ot-json1 as it is. */
  apply(ops: Json): Promise<WriteReceipt>
}

export interface CounterOptions {
  /** A counter that was never counted in becomes one that only grows. */
  readonly growOnly?: boolean
}

/** What handles need of the SDK's core: passed to the part that they are in, which would bring it a second time. */
export const CORE = {
  UNKNOWN_RULES,
  crdtParts,
  evolutionParts,
  getRecord,
  groundOf,
  identityOf,
  noteDot,
  otParts,
  putRow,
  readGround,
  readOffset,
  receiveStamps,
  recordRowKey,
  rulesOf,
  spoiltDots,
  tickClock,
  writeLocally,
}
export type HandleCore = typeof CORE

type Parts = typeof handles

/** A handle whose code comes with its first call: most apps have none. */
export function lazily<H extends object>(
  names: readonly (keyof H & string)[],
  open: (parts: Parts, core: HandleCore) => H,
): H {
  let handle: H | null = null
  const call =
    (name: keyof H & string) =>
    async (...input: unknown[]): Promise<unknown> => {
      if (!handle) {
        const part = await fetched(import('./crdt-handles.ts'))
        // Another call may have come first meanwhile.
        handle ??= open(part.handles, CORE)
      }
      // Holds for the handles above: their members are functions.
      return (handle[name] as (...input: unknown[]) => Promise<unknown>)(...input)
    }
  return Object.fromEntries(names.map((name) => [name, call(name)])) as H
}
