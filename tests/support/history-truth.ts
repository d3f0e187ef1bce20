import type { Client } from 'pg'
import type { HeardPush, HeardRequests, HeardSession } from './history.ts'

/** What happened, row by row, beside the tables of the server: figures are computed of it by plain SQL alone. */
const TABLES = `
  CREATE SCHEMA truth;
  CREATE TABLE truth.session (at bigint, platform text, version text, result text, conflicts int);
  CREATE TABLE truth.mutation (at bigint, collection text, platform text, version text, lag bigint, result text, outcome text);
  CREATE TABLE truth.request (at bigint, platform text, version text, class text, code text, count int)`

export const makeTruth = (client: Client): Promise<unknown> => client.query(TABLES)

/** @param rows the sessions as they are counted: where one ended is the server's to say when the device's clock was ahead */
export async function tellSessions(
  client: Client,
  rows: readonly (Pick<HeardSession, 'result' | 'conflicts' | 'device'> & { readonly atMs: number })[],
): Promise<void> {
  await client.query(
    'INSERT INTO truth.session SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[])',
    [
      rows.map(({ atMs }) => atMs),
      rows.map(({ device }) => device.platform),
      rows.map(({ device }) => device.appVersion),
      rows.map(({ result }) => result),
      rows.map(({ conflicts }) => conflicts),
    ],
  )
}

export async function tellPushes(client: Client, pushes: readonly HeardPush[]): Promise<void> {
  const rows = pushes.flatMap(({ committedMs, device, mutations }) =>
    mutations.map((mutation) => ({ ...mutation, committedMs, device })),
  )
  await client.query(
    'INSERT INTO truth.mutation SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])',
    [
      rows.map(({ committedMs }) => committedMs),
      rows.map(({ collection }) => collection),
      rows.map(({ device }) => device.platform),
      rows.map(({ device }) => device.appVersion),
      rows.map(({ lagMs }) => lagMs),
      rows.map(({ result }) => result),
      rows.map(({ outcome }) => outcome),
    ],
  )
  await tellRequestRows(
    client,
    pushes.map(({ committedMs, device }) => ({
      atMs: committedMs,
      device,
      statusClass: '2xx',
      code: null,
      count: 1,
    })),
  )
}

export const tellRequests = (client: Client, rows: readonly HeardRequests[]): Promise<void> =>
  tellRequestRows(client, rows)

async function tellRequestRows(
  client: Client,
  rows: readonly Pick<HeardRequests, 'atMs' | 'device' | 'statusClass' | 'code' | 'count'>[],
): Promise<void> {
  await client.query(
    'INSERT INTO truth.request SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])',
    [
      rows.map(({ atMs }) => atMs),
      rows.map(({ device }) => device.platform),
      rows.map(({ device }) => device.appVersion),
      rows.map(({ statusClass }) => statusClass),
      rows.map(({ code }) => code),
      rows.map(({ count }) => count),
    ],
  )
}

export interface TruthQuery {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly collection?: string | undefined
  readonly platform?: string | undefined
  readonly appVersion?: string | undefined
}
export interface TruthFigure {
  readonly pushed: number
  readonly committed: number
  readonly clamped: number
  /** Nearest rank, exact. */
  readonly lag: {
    readonly p50: number
    readonly p95: number
    readonly p99: number
    readonly max: number
  } | null
  readonly conflicts: number
  readonly byOutcome: Readonly<Record<string, number>>
  readonly sessions: number
  readonly failed: number
  readonly withConflict: number
  readonly requests: number
  readonly failures: number
  readonly shed: number
  readonly byCode: Readonly<Record<string, number>>
}

const EMPTY: TruthFigure = {
  pushed: 0,
  committed: 0,
  clamped: 0,
  lag: null,
  conflicts: 0,
  byOutcome: {},
  sessions: 0,
  failed: 0,
  withConflict: 0,
  requests: 0,
  failures: 0,
  shed: 0,
  byCode: {},
}

const WHERE = `at >= $1 AND at < $2 AND ($3::text IS NULL OR platform = $3) AND ($4::text IS NULL OR version = $4)`
/** Of the whole range first (step null), then by step. */
const SETS = (step: string): string => `GROUP BY GROUPING SETS ((), (${step}))`
const STEP = 'at / $5 * $5'
const MUTATIONS = `SELECT ${STEP} AS step, count(*)::int AS pushed, count(lag)::int AS committed, count(*) FILTER (WHERE lag < 0)::int AS clamped,
    count(outcome)::int AS conflicts, count(*) FILTER (WHERE outcome = 'local')::int AS local,
    count(*) FILTER (WHERE outcome = 'remote')::int AS remote, count(*) FILTER (WHERE outcome = 'merge')::int AS merge,
    (percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY greatest(lag, 0))
      FILTER (WHERE lag IS NOT NULL))::float8[] AS lag
  FROM truth.mutation WHERE ${WHERE} AND ($6::text IS NULL OR collection = $6) ${SETS(STEP)}`
const SESSIONS = `SELECT ${STEP} AS step, count(*)::int AS sessions, count(*) FILTER (WHERE result = 'failed')::int AS failed,
    count(*) FILTER (WHERE conflicts > 0)::int AS with_conflict
  FROM truth.session WHERE ${WHERE} ${SETS(STEP)}`
const REQUESTS = `SELECT ${STEP} AS step, coalesce(sum(count) FILTER (WHERE class <> 'shed'), 0)::int AS requests,
    coalesce(sum(count) FILTER (WHERE class IN ('4xx', '5xx')), 0)::int AS failures,
    coalesce(sum(count) FILTER (WHERE class = 'shed'), 0)::int AS shed
  FROM truth.request WHERE ${WHERE} ${SETS(STEP)}`
const CODES = `SELECT code, sum(count)::int AS count FROM truth.request WHERE ${WHERE} AND class IN ('4xx', '5xx') GROUP BY code`

/** Of the range, and of each step that has anything at all, by its start. */
export async function truthOf(
  client: Client,
  query: TruthQuery,
): Promise<{ readonly whole: TruthFigure; readonly steps: ReadonlyMap<number, TruthFigure> }> {
  const { fromMs, toMs, stepMs, collection = null, platform = null, appVersion = null } = query
  const values = [fromMs, toMs, platform, appVersion, stepMs]
  const steps = new Map<number | null, TruthFigure>()
  const add = (step: string | null, part: Partial<TruthFigure>): void => {
    const key = step === null ? null : Number(step)
    steps.set(key, { ...(steps.get(key) ?? EMPTY), ...part })
  }
  const mutations = await client.query(MUTATIONS, [...values, collection])
  for (const { step, pushed, committed, clamped, conflicts, local, remote, merge, lag } of mutations.rows) {
    const [p50, p95, p99, max] = (lag ?? []) as number[]
    const quantiles = lag === null ? null : { p50: p50 ?? 0, p95: p95 ?? 0, p99: p99 ?? 0, max: max ?? 0 }
    if (pushed > 0 || step === null)
      add(step, {
        pushed,
        committed,
        clamped,
        conflicts,
        byOutcome: { local, remote, merge },
        lag: quantiles,
      })
  }
  // What belongs to no single collection is not told of one.
  if (collection === null) {
    for (const { step, sessions, failed, with_conflict } of (await client.query(SESSIONS, values)).rows)
      add(step, { sessions, failed, withConflict: with_conflict })
    for (const { step, requests, failures, shed } of (await client.query(REQUESTS, values)).rows)
      add(step, { requests, failures, shed })
    const codes = await client.query<{ code: string; count: number }>(CODES, values.slice(0, 4))
    add(null, { byCode: Object.fromEntries(codes.rows.map(({ code, count }) => [code, count])) })
  }
  const whole = steps.get(null) ?? EMPTY
  const found = [...steps].flatMap(([step, figure]): [number, TruthFigure][] =>
    step === null ? [] : [[step, figure]],
  )
  return { whole, steps: new Map(found) }
}
