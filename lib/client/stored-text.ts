import type { Json } from '#lib/kernel/json.ts'
import { ReplicaError } from './errors.ts'
import type { Table } from './store.ts'

/** The value of a row that every store keeps as JSON text; anything else in its place is damage. */
export function readStored(table: Table, key: string, stored: unknown): Json {
  const value = parseStored(stored)
  if (value === undefined) throw new ReplicaError('store_corrupt', `${table} ${key}`)
  return value
}

/** Undefined for what isn't JSON text. */
export function parseStored(stored: unknown): Json | undefined {
  if (typeof stored !== 'string') return undefined
  try {
    return JSON.parse(stored) as Json
  } catch {
    return undefined
  }
}
