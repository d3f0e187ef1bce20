import { SERVER_ACTOR_ID } from '#lib/engine/clock-offset.ts'
import { fieldWords } from '#lib/engine/screens.ts'
import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import { NO_FIELD, WHOLE_RECORD } from '#lib/query/conflict-words.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import { isAmong, type Filter } from '#lib/query/field.ts'
import type { Collection, ConflictFilter, Storage } from '#lib/storage/ports.ts'
import type { ConflictHeat, ContestedField } from '#lib/telemetry/conflict-heat.ts'
import type { CollectionFriction, FrictionCause, MetWriters } from '#lib/telemetry/friction.ts'
import { byFriction, frictionTime, frictionVerdict } from '#lib/telemetry/friction.ts'
import { CHANGES_FOR_LEVEL_MIN } from '#lib/telemetry/thresholds.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { PillarQuery } from './pillar.ts'
import { limitsOf, shareOf } from './pillar.ts'

/** Collections whose cause is looked for, the worst first: each costs three queries. */
export const CAUSES_MAX = 3
/** Collections of one answer. */
export const FRICTION_COLLECTIONS_MAX = 20
/** The newest conflicts over a field of which is looked who had made what they met. */
export const WRITERS_LOOKED_MAX = 50

export interface Friction {
  /** Friction first, the worst of all at the head. */
  readonly collections: readonly CollectionFriction[]
  /** Collections beyond the ones given. */
  readonly left: number
  /** Under so many changes a rate says nothing. */
  readonly changesMin: number
}

type Part = Omit<PillarQuery, 'groupBy' | 'stepMs'>

/**
 * Whether a collection indicates friction by its own limit, and what causes it: the field, its screen, the app versions, who
 * met whom, and when. @param heat of the same query
 * @param asksConflicts without it nothing is told that only the conflicts know: versions and writers are null
 */
export async function friction(
  { storage }: TelemetryContext,
  query: Part,
  heat: ConflictHeat,
  asksConflicts = true,
): Promise<Friction> {
  const [fleet, collections] = await Promise.all([
    storage.fleets.get(query.fleetId),
    storage.collections.list(query.fleetId),
  ])
  const limits = limitsOf(fleet, collections)
  const judged = heat.collections
    .map(({ name, conflicts, pushed }): CollectionFriction => {
      const changes = shareOf(conflicts, pushed)
      const limit = limits.ofCollection(name).conflictFriction
      return { collection: name, verdict: frictionVerdict(changes, limit), changes, limit, cause: null }
    })
    .toSorted(byFriction)
  const shown = judged.slice(0, FRICTION_COLLECTIONS_MAX)
  const caused = await Promise.all(
    shown.map(async (one, at) => {
      if (one.verdict !== 'friction' || at >= CAUSES_MAX) return one
      const [worst] = heat.collections.find(({ name }) => name === one.collection)?.fields ?? []
      if (worst === undefined) return one
      const collection = collections.find(({ name }) => name === one.collection)
      const filter = asksConflicts ? filterOf(query, heat, worst) : null
      return { ...one, cause: await causeOf(storage, query.fleetId, heat, worst, collection, filter) }
    }),
  )
  return { collections: caused, left: judged.length - shown.length, changesMin: CHANGES_FOR_LEVEL_MIN }
}

async function causeOf(
  storage: Storage,
  fleetId: string,
  heat: ConflictHeat,
  { collection, place, count, share }: ContestedField,
  published: Pick<Collection, 'schema'> | undefined,
  filter: ConflictFilter | null,
): Promise<FrictionCause> {
  const pointer = place === WHOLE_RECORD || place === NO_FIELD ? '' : place
  const words = published ? fieldWords(published.schema, pointer) : { screen: null, title: null }
  const row = heat.rows.findIndex((one) => one.collection === collection && one.place === place)
  const columns = heat.columns.map(({ atMs, counts }) => ({ atMs, count: counts?.[row] ?? null }))
  const [pair, writers] =
    filter === null
      ? [null, null]
      : await Promise.all([worstPair(storage, fleetId, filter), metWriters(storage, fleetId, filter)])
  const time = row === -1 ? null : frictionTime(columns, heat.stepMs, heat.toMs)
  return { place, count, share, ...words, pair, writers, time }
}

/** The conflicts themselves; null where the part is one that they are not told by. */
function filterOf(
  { platform, source, appVersion }: Part,
  { fromMs, toMs }: ConflictHeat,
  { collection, place }: ContestedField,
): ConflictFilter | null {
  if (platform !== undefined || (source !== undefined && source !== OWN_SOURCE)) return null
  const conditions: Filter<ConflictKey> = [
    { kind: 'within', key: 'arose', not: false, fromMs, toMs },
    isAmong<ConflictKey>('collection', collection),
    isAmong<ConflictKey>('field', place),
    ...(appVersion === undefined ? [] : [isAmong<ConflictKey>('version', appVersion)]),
  ]
  return { conditions, sort: 'newest' }
}

async function worstPair(
  { conflicts }: Storage,
  fleetId: string,
  filter: ConflictFilter,
): Promise<FrictionCause['pair']> {
  const { pairs, conflicts: of } = await conflicts.pairs(fleetId, filter, 1)
  const [pair] = pairs
  return pair === undefined ? null : { ...pair, of }
}

async function metWriters(
  { conflicts }: Storage,
  fleetId: string,
  filter: ConflictFilter,
): Promise<MetWriters | null> {
  const { items } = await conflicts.list(fleetId, filter, { cursor: null, limit: WRITERS_LOOKED_MAX })
  if (items.length === 0) return null
  const sides = await conflicts.sides(
    fleetId,
    items.map(({ id }) => id),
  )
  const writers = { devices: 0, sameDevice: 0, desk: 0, unknown: 0 }
  for (const { id, deviceId } of items) {
    const met = sides.get(id)?.remote?.deviceId
    if (met === undefined) writers.unknown += 1
    else if (met === SERVER_ACTOR_ID) writers.desk += 1
    else if (met === deviceId) writers.sameDevice += 1
    else writers.devices += 1
  }
  return writers
}
