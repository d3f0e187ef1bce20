import type { MutationResult } from '#lib/protocol/push.ts'

const CULPRITS: ReadonlySet<MutationResult['status']> = new Set([
  'conflict',
  'dead_lettered',
  'refused',
  'shed',
  'retry',
])
/** What leaves an atomic push without effect (AT1). */
export const isCulprit = ({ status }: MutationResult): boolean => CULPRITS.has(status)
