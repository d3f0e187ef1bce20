import type { Fleet, PullRead, Storage } from '#lib/storage/ports.ts'
import type { Clock } from '../surroundings.ts'
import { isWithin } from '../is-within.ts'
import type { RulesCache } from './rules.ts'

/** How long a look at the database stands for where streams are (TK8). */
export const HEADS_FRESH_MS = 1_000
const FLEETS_MAX = 1_000
/** Asks for nothing past any head: only where the heads stand is read. */
export const NO_RECORDS = { limit: 1, maxBytes: 1 } as const
export const headsOnly = (names: Iterable<string>): PullRead[] =>
  Array.from(names, (collection) => ({ collection, afterVersion: Number.MAX_SAFE_INTEGER }))

/** Where a fleet's streams stand, and up to where tombstones are gone, by collection. */
export interface Heads {
  readonly epoch: number
  readonly versions: ReadonlyMap<string, number>
  readonly purged: ReadonlyMap<string, number>
}
interface Look {
  readonly startedAtMs: number
  /** What was told since the look began, which it may have come too early to see. */
  readonly raised: Map<string, number>
  readonly heads: Promise<Heads>
}
interface Seen extends Heads {
  readonly atMs: number
  readonly versions: Map<string, number>
}

/**
 * Where streams stand, in this process's memory: as the database said within the last second, and past every commit of
 * this process and those that others told of (TK8). Without their signals nothing is answered from it.
 */
export class StreamHeads {
  private readonly storage: Pick<Storage, 'sync'>
  private readonly clock: Clock
  private readonly rules: RulesCache
  private readonly fleets = new Map<string, Seen>()
  private readonly looks = new Map<string, Look>()
  private isHearing = false

  constructor({
    storage,
    clock,
    rules,
  }: {
    storage: Pick<Storage, 'sync'>
    clock: Clock
    rules: RulesCache
  }) {
    this.storage = storage
    this.clock = clock
    this.rules = rules
  }

  /** Null when only the database can say. Those who ask meanwhile share one look. */
  async of(fleet: Fleet): Promise<Heads | null> {
    if (!this.isHearing) return null
    const nowMs = this.clock.now()
    const seen = this.fleets.get(fleet.id)
    if (seen && isWithin(seen.atMs, nowMs, HEADS_FRESH_MS)) return seen
    const known = this.looks.get(fleet.id)
    if (known && !isWithin(known.startedAtMs, nowMs, HEADS_FRESH_MS)) return null
    return (known ?? this.look(fleet, nowMs)).heads
  }

  /** After a commit, by whomever: a head never stands behind what was told of it. */
  raise(fleetId: string, versions: ReadonlyMap<string, number>): void {
    for (const known of [this.fleets.get(fleetId)?.versions, this.looks.get(fleetId)?.raised])
      if (known) for (const [name, version] of versions) raiseTo(known, name, version)
  }

  /** Whether what other processes commit is heard of from now on. */
  hears(isHearing: boolean): void {
    this.isHearing = isHearing
    this.fleets.clear()
    this.looks.clear()
  }

  /** Drops what is known of a fleet that was removed. */
  forget(fleetId: string): void {
    this.fleets.delete(fleetId)
    this.looks.delete(fleetId)
  }

  private look(fleet: Fleet, startedAtMs: number): Look {
    const raised = new Map<string, number>()
    const look: Look = { startedAtMs, raised, heads: this.read(fleet, startedAtMs, raised) }
    this.looks.set(fleet.id, look)
    const end = (heads: Seen | null): void => {
      if (this.looks.get(fleet.id) !== look) return
      this.looks.delete(fleet.id)
      if (heads) this.remember(fleet.id, heads)
    }
    look.heads.then(
      (heads) => end(heads as Seen),
      () => end(null),
    )
    return look
  }

  private async read(fleet: Fleet, atMs: number, raised: ReadonlyMap<string, number>): Promise<Seen> {
    const { collections } = await this.rules.since(fleet.id, fleet.configVersion)
    const page = await this.storage.sync.pull(fleet.id, headsOnly(collections.keys()), NO_RECORDS)
    const versions = new Map(page.heads)
    for (const [name, version] of raised) raiseTo(versions, name, version)
    return { atMs, epoch: page.epoch, versions, purged: page.purged }
  }

  private remember(fleetId: string, seen: Seen): void {
    this.fleets.delete(fleetId)
    this.fleets.set(fleetId, seen)
    const oldest = this.fleets.keys().next()
    if (this.fleets.size > FLEETS_MAX && !oldest.done) this.fleets.delete(oldest.value)
  }
}

function raiseTo(versions: Map<string, number>, name: string, version: number): void {
  if (version > (versions.get(name) ?? 0)) versions.set(name, version)
}
