import type { JsonObject } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { OtOperation } from '#lib/protocol/mutation.ts'
import type { OtLibrary } from './ot-type.ts'
import { withValue } from './paths.ts'

/** What an operation makes of the document that it was made on; null where it doesn't fit there. */
export function operatedOn(
  ot: OtLibrary | null,
  document: JsonObject | null,
  { kind, path, ops }: OtOperation,
): JsonObject | null {
  const type = ot?.[kind]
  const made = type?.parse(ops)
  const value = type && made?.ok ? type.apply(valueAt(document, path), made.value) : null
  return value?.ok ? withValue(document ?? {}, path, value.value) : null
}
