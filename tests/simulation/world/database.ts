import { memoryStorageOver } from '#lib/storage/memory/open-memory-storage.ts'
import type { MemoryState } from '#lib/storage/memory/state.ts'
import type { PushWrites, Storage } from '#lib/storage/ports.ts'

/** The rows that outlive the servers, and what was committed to them, as an observer beside the engine saw it. */
export class Database {
  state: MemoryState
  storage: Storage
  /** Every commit of a push, in order. */
  commits: PushWrites[] = []
  kept: { readonly state: MemoryState; readonly commits: number } | null = null

  constructor(state: MemoryState) {
    this.state = state
    this.storage = memoryStorageOver(state)
  }

  /** Between transactions only. */
  backUp(): void {
    this.kept = { state: this.state.copy(), commits: this.commits.length }
  }

  forgetBackup(): void {
    this.kept = null
  }

  /** Puts the backup in place; the commits since are gone. */
  restore(): void {
    if (!this.kept) return
    this.commits = this.commits.slice(0, this.kept.commits)
    this.state = this.kept.state.copy()
    this.storage = memoryStorageOver(this.state)
  }
}
