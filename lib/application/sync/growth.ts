import type { GrownHeads, Storage } from '#lib/storage/ports.ts'
import type { Log } from '../surroundings.ts'
import type { Pokes } from './pokes.ts'
import { HEADS_FRESH_MS } from './stream-heads.ts'

interface Deps {
  readonly storage: Pick<Storage, 'signals'>
  readonly log: Log
  readonly pokes: Pokes
}

/**
 * Tells of commits: the other processes first, then the streams of this one, so that a device that hears a poke finds
 * the change wherever it asks. What is committed while they are told is told together, next. These streams wait no longer
 * than what another process has in memory may be old: then it reads the change, told or not (TK8).
 */
export class Growth {
  private readonly deps: Deps
  private waiting = new Map<string, Map<string, number>>()
  private isTelling = false

  constructor(deps: Deps) {
    this.deps = deps
  }

  committed(fleetId: string, heads: ReadonlyMap<string, number>): void {
    if (heads.size === 0) return
    const ofFleet = this.waiting.get(fleetId) ?? new Map<string, number>()
    for (const [name, version] of heads) ofFleet.set(name, Math.max(version, ofFleet.get(name) ?? 0))
    this.waiting.set(fleetId, ofFleet)
    if (!this.isTelling) void this.tell()
    const { pokes } = this.deps
    if (pokes.isListened(fleetId)) setTimeout(() => pokes.grown(fleetId, heads), HEADS_FRESH_MS).unref()
  }

  /** Never rejects: whom it could not tell looks for himself (TK8). */
  private async tell(): Promise<void> {
    this.isTelling = true
    while (this.waiting.size > 0) {
      const grown: GrownHeads = this.waiting
      this.waiting = new Map()
      await this.deps.storage.signals.tell(grown).catch((error: unknown) => {
        this.deps.log.warn('other processes were not told of a commit', { error: String(error) })
      })
      for (const [fleetId, heads] of grown) this.deps.pokes.grown(fleetId, heads)
    }
    this.isTelling = false
  }
}
