import { canonicalJson } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { PushWrites } from '#lib/storage/ports.ts'
import { checkDecision } from './decision.ts'
import type { Intent } from './intent.ts'
import { checkPlaces } from './places.ts'
import type { Invariant } from './violation.ts'

export type Change = PushWrites['changes'][number]

export interface Version {
  readonly version: number
  readonly author: string
  readonly data: JsonObject | null
  /** Of a dead letter. */
  readonly isReplayed: boolean
}
/** A record as the commits made it. */
export interface ModelRecord {
  readonly collection: string
  readonly recordId: string
  readonly versions: Version[]
  /** The highest stamp that wrote it. */
  hlc: string
  /** The same of each field since the record was made; one without has `made`. */
  readonly stamps: Map<string, string>
  made: string
}

/** The highest stamp that wrote a field (CS3). */
export const stampOf = ({ stamps, made }: ModelRecord, name: string): string => stamps.get(name) ?? made

export interface Effect {
  readonly status: string
  readonly author: string
  readonly collection: string
  readonly recordId: string
}

/** What is known of what users meant. */
interface Known {
  readonly intents: ReadonlyMap<string, Intent>
  readonly uncertain: ReadonlySet<string>
  readonly damaged: ReadonlySet<number>
}

/** The naive model of the server: every commit in order, every document of every version. */
export class History {
  readonly records = new Map<string, ModelRecord>()
  readonly heads = new Map<string, number>()
  readonly effects = new Map<string, Effect>()
  readonly conflicts = new Map<string, 'open' | 'resolved'>()
  readonly letters = new Set<string>()
  /** The oldest version of a record whose document the server still has, where it has not all of them. */
  private readonly basesFrom = new Map<string, number>()
  private readonly blame: (invariant: Invariant, text: string) => void
  private readonly known: Known
  readonly epoch: number

  constructor(epoch: number, blame: (invariant: Invariant, text: string) => void, known: Known) {
    this.epoch = epoch
    this.blame = blame
    this.known = known
  }

  commit(writes: PushWrites): void {
    for (const change of writes.changes) this.take(change)
    for (const [collection, head] of writes.heads) {
      if (head !== (this.heads.get(collection) ?? 0))
        this.blame(
          'B',
          `the head of ${collection} is ${head}, its last version ${this.heads.get(collection)}`,
        )
    }
  }

  /** Retention (TK5) has left each record its newest document, and of those that were deleted nothing. */
  forgetReplaced(): void {
    for (const [key, record] of this.records) {
      const { version, data } = newest(record) ?? { version: 0, data: null }
      this.basesFrom.set(key, data === null ? version + 1 : version)
      if (data === null) this.records.delete(key)
    }
  }

  /** Null where nobody can tell what should come of it: a base that is gone is unknown, though its own device replaced it (CC1). */
  private meant({ id, baseVersion }: Mutation, key: string): Intent | null {
    const { intents, uncertain } = this.known
    const isBaseGone = baseVersion > 0 && baseVersion < (this.basesFrom.get(key) ?? 0)
    return uncertain.has(key) || isBaseGone ? null : (intents.get(id) ?? null)
  }

  /** The disk lost a change that the server took: it has its effect under this one, and the user saw nothing of it (SDK4). */
  private hasForgotten(
    { versions }: ModelRecord,
    { incoming, deviceId }: Change,
    { device }: Intent,
  ): boolean {
    const { after, baseVersion } = incoming.mutation
    const isUnseen = ({ author, version }: Version): boolean => author === deviceId && version > baseVersion
    return this.known.damaged.has(device) && after === undefined && versions.some(isUnseen)
  }

  private take(change: Change): void {
    const { mutation } = change.incoming
    const { id, collection, recordId } = mutation
    const isAgain = change.replayOf !== null || change.releasedBy !== null
    const earlier = this.effects.get(id)
    if (earlier && !isAgain)
      this.blame('E', `${id} had an effect twice: ${earlier.status}, ${change.result.status}`)
    this.effects.set(id, { status: change.result.status, author: change.deviceId, collection, recordId })
    if (change.conflict)
      this.conflicts.set(change.conflict.id, change.conflict.outcome === 'manual' ? 'open' : 'resolved')
    if (change.closes) this.conflicts.set(change.closes.conflictId, 'resolved')
    if (change.deadLetter) this.letters.add(change.deadLetter.id)
    const key = `${collection}/${recordId}`
    const record: ModelRecord = this.records.get(key) ?? {
      collection,
      recordId,
      versions: [],
      hlc: '',
      stamps: new Map(),
      made: '',
    }
    this.records.set(key, record)
    const intent = this.meant(mutation, key)
    const judged = intent && this.hasForgotten(record, change, intent) ? null : intent
    checkDecision(this.blame, this.epoch, record, change, judged)
    checkPlaces(this.blame, this.epoch, change, intent)
    if (!change.record) return
    const { version, data, hlc } = change.record
    const head = this.heads.get(collection) ?? 0
    if (version !== head + 1) this.blame('B', `${collection} got version ${version} after ${head}`)
    this.heads.set(collection, version)
    if (hlc < record.hlc) this.blame('R', `the stamp of ${key} went back from ${record.hlc} to ${hlc}`)
    record.hlc = hlc
    stampFields(record, data, mutation.hlc)
    record.versions.push({ version, author: change.deviceId, data, isReplayed: change.replayOf !== null })
  }
}

function stampFields(record: ModelRecord, data: JsonObject | null, hlc: string): void {
  const before = newest(record)?.data
  if (!before || !data) {
    record.stamps.clear()
    record.made = record.hlc
    return
  }
  for (const name of new Set([before, data].flatMap(Object.keys)))
    if (canonicalJson(before[name] ?? null) !== canonicalJson(data[name] ?? null))
      record.stamps.set(name, hlc > stampOf(record, name) ? hlc : stampOf(record, name))
}

export const newest = (record: ModelRecord): Version | null => record.versions.at(-1) ?? null
