import { z } from 'zod'
import { isoTime } from '#lib/protocol/mutation.ts'
import { SILENCE_MS_MAX, SILENCES_PER_FLEET_MAX } from '#lib/protocol/limits.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { SILENCE_FIELDS, type SilenceKey } from '#lib/query/alert-fields.ts'
import { matchesFilter, type RowReader } from '#lib/query/matches-filter.ts'
import type { IncidentAlert } from '#lib/telemetry/alerts/incident.ts'
import { isActive } from '#lib/telemetry/alerts/incident.ts'
import type { MatchedLabel, Matcher, Silence, SilencePhase } from '#lib/telemetry/alerts/silence.ts'
import { MATCHED_LABELS, silencePhase } from '#lib/telemetry/alerts/silence.ts'
import { FAMILIES } from '#lib/telemetry/alerts/rule.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import { itemList, pageInput, pageRequest, rangeInput, since, type ItemList } from '../page.ts'
import { someLines } from './texts.ts'

export const silencesQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  q: filterInput(SILENCE_FIELDS),
})
/** What every alert has, and of some of them all that there is. */
const KNOWN: Readonly<Partial<Record<MatchedLabel, readonly string[] | null>>> = {
  rule: null,
  severity: SEVERITIES,
  family: FAMILIES,
}

/** Why a value would match everything, or nothing, without looking so; null for a good one. */
function problemOf(label: MatchedLabel, comparison: Matcher['comparison'], value: string): string | null {
  if (comparison === 'starts_with') return value === '' ? 'every text begins with an empty one' : null
  const known = KNOWN[label]
  if (known === undefined) return null
  if (value === '') return `every alert has a ${label}: it is never empty`
  return known === null || known.includes(value) ? null : `is no ${label}: there are ${known.join(', ')}`
}

const comment = someLines(1_000, 3)
export const silenceInput = z.strictObject({
  /** All of them hold; at least one, so that nobody silences a whole fleet by leaving out a word. */
  matchers: z
    .array(
      z
        .strictObject({
          label: z.enum(MATCHED_LABELS),
          comparison: z.enum(['is', 'is_not', 'starts_with']),
          values: z.array(z.string().max(200)).min(1).max(20),
        })
        .superRefine(({ label, comparison, values }, { addIssue }) => {
          for (const [at, value] of values.entries()) {
            const message = problemOf(label, comparison, value)
            if (message !== null) addIssue({ code: 'custom', path: ['values', at], message })
          }
        }),
    )
    .min(1)
    .max(10),
  comment,
  /** Left out: now. One ahead is a maintenance window. */
  startsAt: isoTime.optional(),
  endsAt: isoTime,
})
export const silenceChange = z.strictObject({
  comment: comment.optional(),
  endsAt: isoTime.optional(),
  version: z.int().min(1),
})
export const silenceEnd = z.strictObject({ version: z.int().min(1) })

export type SilenceView = Silence & { readonly phase: SilencePhase }

interface Input {
  readonly actor: Actor
  readonly fleetId: string
}
type Write = Input & { readonly body: unknown }

/** Silences of a fleet that match `q`, newest first. @throws ApplicationError `not_found`, `bad_request` */
export async function listSilences(
  ctx: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId, query }: Input & { readonly query: unknown },
): Promise<ItemList<SilenceView>> {
  authorize(actor, fleetId, 'viewer')
  const { q, from, ...paged } = parsedOrThrow(silencesQuery, query)
  const filter = filterOrThrow(q, SILENCE_FIELDS)
  const nowMs = ctx.clock.now()
  const page = await ctx.storage.alerts.silences(fleetId, pageRequest(paged))
  const kept = since(page, from, ({ createdAtMs }) => createdAtMs)
  const items = kept.items.filter((one) => matchesFilter(viewOf(one, nowMs), filter, SILENCE_FIELDS, READER))
  return itemList({ items, next: kept.next }, (one) => viewOf(one, nowMs))
}

/** A silence that isn't over, with what it keeps from being told now. */
export interface StandingSilence extends SilenceView {
  readonly silenced: readonly Pick<IncidentAlert, 'rule' | 'group'>[]
}

/**
 * Those that hold now and that are ahead, all of them, the ones that end or begin first before the others; what each
 * silences is that of the last look at the fleet.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function standingSilences(
  ctx: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId, q }: Input & { readonly q: string },
): Promise<readonly StandingSilence[]> {
  authorize(actor, fleetId, 'viewer')
  const filter = filterOrThrow(q, SILENCE_FIELDS)
  const nowMs = ctx.clock.now()
  const { silences, open } = await ctx.storage.alerts.input(fleetId, nowMs)
  const alerts = open.flatMap((incident) => incident.alerts.filter(isActive))
  const nextMs = ({ phase, startsAtMs, endsAtMs }: SilenceView): number =>
    phase === 'active' ? endsAtMs : startsAtMs
  return silences
    .map((one) => viewOf(one, nowMs))
    .filter((one) => matchesFilter(one, filter, SILENCE_FIELDS, READER))
    .sort((a, b) => a.phase.localeCompare(b.phase, 'en') || nextMs(a) - nextMs(b))
    .map((one) => ({
      ...one,
      silenced: alerts.filter(
        ({ suppressedBy }) => suppressedBy?.kind === 'silence' && suppressedBy.silenceId === one.id,
      ),
    }))
}

/**
 * POST /alerts/silences. What fires goes on to be seen; nobody is told that it began.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function createSilence(ctx: Context, { actor, fleetId, body }: Write): Promise<SilenceView> {
  authorize(actor, fleetId, 'operator')
  const asked = parsedOrThrow(silenceInput, body)
  const nowMs = ctx.clock.now()
  const startsAtMs = Math.max(nowMs, asked.startsAt === undefined ? nowMs : Date.parse(asked.startsAt))
  const silence: Silence = {
    id: ctx.ids(),
    fleetId,
    matchers: asked.matchers,
    comment: asked.comment,
    startsAtMs,
    endsAtMs: endOf(asked.endsAt, startsAtMs),
    by: { id: actor.id, name: actor.name },
    createdAtMs: nowMs,
    endedAtMs: null,
    version: 1,
  }
  return save(ctx, actor, silence, null, 'silence.create')
}

/** PATCH /alerts/silences/:id. @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`, `silence_over` */
export async function changeSilence(
  ctx: Context,
  { actor, fleetId, id, body }: Write & { readonly id: string },
): Promise<SilenceView> {
  authorize(actor, fleetId, 'operator')
  const { version, ...said } = parsedOrThrow(silenceChange, body)
  const before = await seen(ctx, fleetId, id, version)
  const next = {
    ...before,
    comment: said.comment ?? before.comment,
    endsAtMs: said.endsAt === undefined ? before.endsAtMs : endOf(said.endsAt, before.startsAtMs),
    version: version + 1,
  }
  if (next.endsAtMs <= ctx.clock.now())
    throw badRequest([{ path: '/endsAt', message: 'is past; to end it now, delete it' }])
  return save(ctx, actor, next, before, 'silence.change')
}

/** DELETE /alerts/silences/:id ends it now; it stays in the list. @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`, `silence_over` */
export async function endSilence(
  ctx: Context,
  { actor, fleetId, id, body }: Write & { readonly id: string },
): Promise<SilenceView> {
  authorize(actor, fleetId, 'operator')
  const { version } = parsedOrThrow(silenceEnd, body)
  const before = await seen(ctx, fleetId, id, version)
  const next = { ...before, endedAtMs: ctx.clock.now(), version: version + 1 }
  return save(ctx, actor, next, before, 'silence.end')
}

function endOf(text: string, startsAtMs: number): number {
  const endsAtMs = Date.parse(text)
  if (endsAtMs <= startsAtMs) throw badRequest([{ path: '/endsAt', message: 'is not after its start' }])
  if (endsAtMs - startsAtMs > SILENCE_MS_MAX)
    throw badRequest([
      { path: '/endsAt', message: 'is more than 90 days after its start: turn the rule off' },
    ])
  return endsAtMs
}

async function seen(ctx: Context, fleetId: string, id: string, version: number): Promise<Silence> {
  const found = await ctx.storage.alerts.silence(fleetId, id)
  if (!found) throw new ApplicationError('not_found')
  if (found.version !== version)
    throw new ApplicationError('stale_version', { extra: { version: found.version } })
  if (silencePhase(found, ctx.clock.now()) === 'over') throw new ApplicationError('silence_over')
  return found
}

async function save(
  ctx: Context,
  actor: Actor,
  next: Silence,
  before: Silence | null,
  action: string,
): Promise<SilenceView> {
  const nowMs = ctx.clock.now()
  const { fleetId, id, comment: reason } = next
  const audit = auditEntry(ctx, actor, {
    action,
    target: id,
    fleetId,
    reason,
    before: before && shownIn(before),
    after: shownIn(next),
  })
  const outcome = await ctx.storage.alerts.saveSilence(next, SILENCES_PER_FLEET_MAX, nowMs, audit)
  if (outcome === 'stale') throw new ApplicationError('stale_version')
  if (outcome === 'full')
    throw badRequest([
      { path: '', message: `a fleet has at most ${SILENCES_PER_FLEET_MAX} silences that are not over` },
    ])
  return viewOf(next, nowMs)
}

const viewOf = (silence: Silence, nowMs: number): SilenceView => ({
  ...silence,
  phase: silencePhase(silence, nowMs),
})

const shownIn = ({ matchers, startsAtMs, endsAtMs, endedAtMs }: Silence) => ({
  matchers: matchers.map(({ label, comparison, values }) => `${label} ${comparison} ${values.join(', ')}`),
  startsAtMs,
  endsAtMs,
  endedAtMs,
})

const READER: RowReader<SilenceView, SilenceKey> = {
  values: { phase: ({ phase }) => [phase], by: ({ by }) => [by.name, by.id] },
  words: ({ comment, by }) => [comment, by.name],
}
