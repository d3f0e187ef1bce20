import type { Mutation } from '#lib/protocol/mutation.ts'
import { usesCrdt } from './crdt/governed.ts'
import type { CollectionRules } from './types.ts'

/** True when a mutation is decided with the CRDTs of its record (CS4), or asks for it where there can be none. */
export const isCrdtMatter = (rules: CollectionRules, { op }: Mutation): boolean =>
  usesCrdt(rules) || op.type === 'crdt'
