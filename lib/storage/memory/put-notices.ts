import type { Notice } from '../notice.ts'
import type { MemoryState } from './state.ts'
import type { Undo } from './table.ts'

/** Puts notices into the outbox, within the transaction of what they tell of; one that is there stays as it is. */
export function putNotices(state: MemoryState, undo: Undo, notices: readonly Notice[]): void {
  for (const notice of notices) if (!state.notices.has(notice.id)) state.notices.set(undo, notice.id, notice)
}
