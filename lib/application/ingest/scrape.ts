import type { ScrapeOutcome, ScrapeTarget } from '#lib/storage/ports.ts'
import { isRead, pointsOfSamples } from '#lib/telemetry/prometheus/points-of-samples.ts'
import { readExposition } from '#lib/telemetry/prometheus/read-exposition.ts'
import type { PointsRead } from '#lib/telemetry/told/point.ts'
import { isSchedulerDocs, pointsOfSchedulerDocs } from '#lib/telemetry/told/scheduler-docs.ts'
import type { Context } from '../context.ts'
import { inEachFleet } from '../fleets/in-each-fleet.ts'
import { isWithin } from '../is-within.ts'
import { tellPoints } from './tell-points.ts'

const SCRAPES_AT_ONCE = 4
const TIMEOUT_MS = 10_000
const ACCEPT = 'application/json;q=0.9,text/plain;version=0.0.4;q=0.8,*/*;q=0.1'

/** Asks every page that is due, some at once; what goes wrong with one is noted beside it and keeps none from its turn. */
export async function scrapeDue(ctx: Context): Promise<void> {
  const due: ScrapeTarget[] = []
  await inEachFleet(ctx, async (fleetId) => {
    const nowMs = ctx.clock.now()
    const targets = await ctx.storage.ingest.targets(fleetId)
    due.push(...targets.filter(({ last, everyMs }) => last === null || !isWithin(last.atMs, nowMs, everyMs)))
  })
  const worker = async (): Promise<void> => {
    for (let target = due.shift(); target !== undefined; target = due.shift()) {
      const { fleetId, id } = target
      await scrape(ctx, target).catch((error: unknown) =>
        ctx.log.warn('a page could not be told', { fleetId, target: id, error: String(error) }),
      )
    }
  }
  await Promise.all(Array.from({ length: SCRAPES_AT_ONCE }, worker))
}

/** Asks one page and tells what it says; redirects are not followed (security check 40). */
async function scrape(ctx: Context, target: ScrapeTarget): Promise<void> {
  const atMs = ctx.clock.now()
  const { fleetId, id, url } = target
  const answer = await ctx.egress.get({ url, headers: { accept: ACCEPT }, timeoutMs: TIMEOUT_MS })
  const outcome =
    answer.ok && answer.value.status === 200
      ? await told(ctx, target, answer.value.body, atMs)
      : failed(atMs, answer.ok ? `it answered ${answer.value.status}` : answer.error)
  await ctx.storage.ingest.noteScrape(fleetId, id, outcome)
}

async function told(ctx: Context, target: ScrapeTarget, body: string, atMs: number): Promise<ScrapeOutcome> {
  const read = readPage(target.url, body, atMs)
  if (typeof read === 'string') return failed(atMs, read)
  const { reason } = await tellPoints(ctx, target, read, 'scrape')
  return { atMs, points: read.points.length, problem: reason }
}

/** Other words of others would be shown at any length. */
const PROBLEM_LENGTH_MAX = 300
const failed = (atMs: number, problem: string): ScrapeOutcome => ({
  atMs,
  points: null,
  problem: problem.slice(0, PROBLEM_LENGTH_MAX),
})

/** What a page tells, or why it can't be read. A page has much that is not about syncing: that is no rejection. */
function readPage(url: string, body: string, atMs: number): PointsRead | string {
  if (body.trimStart().startsWith('{')) {
    const answer = parsed(body)
    return isSchedulerDocs(answer)
      ? pointsOfSchedulerDocs(answer, url, atMs)
      : 'it answered JSON that is not that of CouchDB’s _scheduler/docs'
  }
  const { samples, unread } = readExposition(body, atMs)
  if (samples.length === 0 && unread > 0) return 'it is no page of Prometheus’ text format'
  const known = samples.filter(({ name }) => isRead(name))
  return known.length === 0
    ? `no metric that is read here is among its ${samples.length} samples`
    : pointsOfSamples(known, { place: url, whole: true })
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    // Told by the caller, which finds no answer of CouchDB's in it.
    return null
  }
}
