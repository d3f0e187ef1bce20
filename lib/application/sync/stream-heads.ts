import type { Fleet, PullRead, Storage } from '#lib/storage/ports.ts'
import type { Clock } from '../surroundings.ts'
import { isWithin } from '../is-within.ts'
import { remember } from '../remember.ts'
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
interface Seen extends Heads {
  readonly atMs: number
  readonly versions: Map<string, number>
}
interface Look {
  readonly startedAtMs: number
  /** Of what it will see: what was told since the look began, which it may have come too early for, is in it already. */
  readonly versions: Map<string, number>
  readonly heads: Promise<Seen>
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

  /** What is in memory, and still good. */
  known({ id }: Fleet): Heads | null {
    const seen = this.fleets.get(id)
    return seen && this.isHearing && isWithin(seen.atMs, this.clock.now(), HEADS_FRESH_MS) ? seen : null
  }

  /** Null when only the database can say. Those who ask meanwhile share one look. */
  async of(fleet: Fleet): Promise<Heads | null> {
    if (!this.isHearing) return null
    const seen = this.known(fleet)
    if (seen) return seen
    const nowMs = this.clock.now()
    const known = this.looks.get(fleet.id)
    if (known && !isWithin(known.startedAtMs, nowMs, HEADS_FRESH_MS)) return null
    return (known ?? this.look(fleet, nowMs)).heads
  }

  /** After a commit, by whomever: a head never stands behind what was told of it. */
  raise(fleetId: string, versions: ReadonlyMap<string, number>): void {
    for (const known of [this.fleets.get(fleetId)?.versions, this.looks.get(fleetId)?.versions])
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
    const versions = new Map<string, number>()
    const look: Look = { startedAtMs, versions, heads: this.read(fleet, startedAtMs, versions) }
    this.looks.set(fleet.id, look)
    const end = (seen: Seen | null): void => {
      if (this.looks.get(fleet.id) !== look) return
      this.looks.delete(fleet.id)
      if (seen) remember(this.fleets, fleet.id, seen, FLEETS_MAX)
    }
    look.heads.then(end, () => end(null))
    return look
  }

  private async read(fleet: Fleet, atMs: number, versions: Map<string, number>): Promise<Seen> {
    const { collections } = await this.rules.since(fleet.id, fleet.configVersion)
    const page = await this.storage.sync.pull(fleet.id, headsOnly(collections.keys()), NO_RECORDS)
    for (const [name, version] of page.heads) raiseTo(versions, name, version)
    return { atMs, epoch: page.epoch, versions, purged: page.purged }
  }
}

function raiseTo(versions: Map<string, number>, name: string, version: number): void {
  versions.set(name, Math.max(version, versions.get(name) ?? 0))
}
