import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import { pathOf } from './migrate-document.ts'

/** Where a CRDT lies after a step of an up-migration; null when it goes. A step on values leaves it where it is. */
export function stepPointer(pointer: string, step: UpMigrationOp): string | null {
  if (step.op !== 'rename' && step.op !== 'remove') return pointer
  const from = toPointer(pathOf(step.path))
  if (pointer !== from && !pointer.startsWith(`${from}/`)) return pointer
  return step.op === 'remove' ? null : toPointer(pathOf(step.to)) + pointer.slice(from.length)
}
