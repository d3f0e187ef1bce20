import type { Json } from '#lib/kernel/json.ts'
import type { OtWrite } from './decide-record.ts'
import type { PathOp, RecordState } from './types.ts'

/** The result of an operation names its revision, and what the device has still to apply. */
export function toldOf(ot: OtWrite | undefined): { revision?: number; transformed?: readonly Json[] } {
  if (!ot?.told) return {}
  const { revision, transformed } = ot.told
  return transformed.length === 0 ? { revision } : { revision, transformed }
}

/** What goes into the log of OT, once the record's version is known. */
export const otOpsOf = (
  { version, schemaVersion }: RecordState,
  mutationId: string,
  ot: OtWrite | undefined,
): readonly PathOp[] => ot?.ops.map((op) => ({ ...op, version, schemaVersion, mutationId })) ?? NONE

const NONE: readonly PathOp[] = []
