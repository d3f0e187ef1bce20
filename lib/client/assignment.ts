import type { Json } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'

/** The document write that makes one field this, or takes it out of the document. */
export const assignment = (path: string, value: Json | undefined): Operation =>
  value === undefined ? { type: 'patch', unset: [path] } : { type: 'patch', set: { [path]: value } }
