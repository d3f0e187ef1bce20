import { compareHlc } from '#lib/kernel/hlc.ts'
import type { Strategy } from './decision.ts'
import { differingFields } from './differing-fields.ts'

/**
 * Last write wins (CS1): of two whole documents the one with the higher stamp, ties by device id, which stands in
 * the stamp. Whole documents, not their patches, so that the order of arrival doesn't matter.
 */
export const decideLww: Strategy = (_base, current, mutation, { local }) => {
  const fields = differingFields(local, current.data)
  if (fields.length === 0) return { kind: 'same' }
  return { kind: compareHlc(mutation.hlc, current.hlc) > 0 ? 'local' : 'remote', fields }
}
