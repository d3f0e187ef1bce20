import { z } from 'zod'
import { badRequest, parsedOrThrow } from '#lib/application/errors.ts'
import { rangeInput } from '#lib/application/page.ts'
import { LAG_STAGES } from '#lib/telemetry/lag-heat.ts'

const DAY_MS = 86_400_000

/** Parameters of a URL by name. @throws ApplicationError `bad_request` for one that came twice */
export function queryOf(url: URL): Readonly<Record<string, string>> {
  const query = new Map<string, string>()
  for (const [name, value] of url.searchParams) {
    if (query.has(name)) throw badRequest([{ path: `/${name}`, message: 'came twice' }])
    query.set(name, value)
  }
  return Object.fromEntries(query)
}

/** `[from, to)` in ms; without them the last 24 hours. */
function rangeOf(
  query: { from?: number | undefined; to?: number | undefined },
  nowMs: number,
): { fromMs: number; toMs: number } {
  const toMs = query.to ?? nowMs
  const fromMs = query.from ?? toMs - DAY_MS
  if (fromMs >= toMs) throw badRequest([{ path: '/from', message: 'must be before `to`' }])
  return { fromMs, toMs }
}

/** What stands for all of them in the rollups is no name of one. */
const nameOfOne = (max: number, what: string) =>
  z
    .string()
    .max(max)
    .refine((name) => name !== '*', `must be the name of ${what}; without it, all are meant`)

const appVersion = nameOfOne(40, 'an app version').min(1)
/** Parts of a fleet that telemetry tells apart. */
const fleetPart = {
  collection: nameOfOne(64, 'a collection').optional(),
  platform: nameOfOne(40, 'a platform').optional(),
  source: nameOfOne(40, 'an engine').optional(),
}
const pillarFilter = { ...fleetPart, appVersion: appVersion.optional() }

export const pillarQuery = z.strictObject({
  ...rangeInput,
  /** Length of a point, in ms. */
  step: z.coerce.number().int().min(1).optional(),
  groupBy: z.enum(['collection', 'platform', 'appVersion', 'source']).optional(),
  ...pillarFilter,
})

/** `from, to, step, groupBy, collection, platform, source, appVersion` of a pillar. */
export function pillarQueryOf(fleetId: string, query: unknown, nowMs: number) {
  const { step, from, to, ...rest } = parsedOrThrow(pillarQuery, query)
  return { fleetId, ...rangeOf({ from, to }, nowMs), stepMs: step, ...rest }
}

export const heatQuery = z.strictObject({
  ...rangeInput,
  stage: z.enum(LAG_STAGES).default('upload'),
  ...pillarFilter,
})

/** `from, to, stage, collection, platform, source, appVersion` of the heat map. */
export function heatQueryOf(fleetId: string, query: unknown, nowMs: number) {
  const { stage, from, to, ...filter } = parsedOrThrow(heatQuery, query)
  return { stage, query: { fleetId, ...rangeOf({ from, to }, nowMs), ...filter } }
}

export const fieldHeatQuery = z.strictObject({ ...rangeInput, ...pillarFilter })

/** `from, to, collection, platform, source, appVersion` of the contested fields and of friction. */
export function fieldHeatQueryOf(fleetId: string, query: unknown, nowMs: number) {
  const { from, to, ...filter } = parsedOrThrow(fieldHeatQuery, query)
  return { fleetId, ...rangeOf({ from, to }, nowMs), ...filter }
}

export const cohortQuery = z.strictObject({
  ...rangeInput,
  ...fleetPart,
  a: appVersion.optional(),
  b: appVersion.optional(),
})

/** `from, to, a, b, collection, platform, source` of a comparison of two app versions. @throws ApplicationError `bad_request` for one with itself */
export function cohortQueryOf(fleetId: string, query: unknown, nowMs: number) {
  const { from, to, a, b, ...part } = parsedOrThrow(cohortQuery, query)
  if (a !== undefined && a === b)
    throw badRequest([{ path: '/b', message: 'must be another app version than `a`' }])
  return { fleetId, ...rangeOf({ from, to }, nowMs), a, b, ...part }
}

export const rangeQuery = z.strictObject(rangeInput)

/** `from, to` of the Overview. */
export function rangeQueryOf(fleetId: string, query: unknown, nowMs: number) {
  return { fleetId, ...rangeOf(parsedOrThrow(rangeQuery, query), nowMs) }
}

export const sessionQuery = z.looseObject(rangeInput)

/** A session list's query in the form of its verb, which checks the rest. */
export function sessionQueryOf(query: unknown, nowMs: number): unknown {
  const { from, to, ...rest } = parsedOrThrow(sessionQuery, query)
  return { ...rest, ...rangeOf({ from, to }, nowMs) }
}
