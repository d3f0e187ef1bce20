import { CONFIG_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { Collection } from '#lib/storage/ports.ts'
import { badRequest } from '../errors.ts'

const encoder = new TextEncoder()

/** What a device reads of a collection, in bytes. */
const configBytes = ({ schema, rules, upMigrations, fieldStrategies }: Collection): number =>
  encoder.encode(JSON.stringify({ schema, rules, upMigrations, fieldStrategies })).length

/**
 * Every device of a fleet reads its whole config, and takes no answer of any size. A change that makes a collection
 * smaller passes in a fleet that is past the bound. `others` are the fleet's without this one.
 * @throws ApplicationError `bad_request`
 */
export function requireReadable(
  next: Collection,
  before: Collection | null,
  others: readonly Collection[],
): void {
  const own = configBytes(next)
  const total = others.reduce((sum, one) => sum + configBytes(one), own)
  if (total <= CONFIG_BYTES_MAX || (before && own <= configBytes(before))) return
  const message = `schemas, rules and up-migrations of a fleet have at most ${CONFIG_BYTES_MAX} bytes, with this it would be ${total}`
  throw badRequest([{ path: '', message }])
}
