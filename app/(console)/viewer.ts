import { cookies, headers } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { cache } from 'react'
import { isSpan, spanOf, type Span } from '#components/shell/ranges.ts'
import { roleIn } from '#lib/application/access/authorize.ts'
import { principalOfCookies } from '#lib/application/access/principal.ts'
import { tellDenial } from '#lib/application/audit/denials.ts'
import type { Actor, Context } from '#lib/application/context.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import { openIncidents } from '#lib/application/alerts/incidents-now.ts'
import { fleetOfScope } from '#lib/application/breakers/scopes.ts'
import { countFleet } from '#lib/application/fleets/count-fleet.ts'
import { limitsOfFleet } from '#lib/application/fleets/fleet-input.ts'
import { listFleets } from '#lib/application/fleets/list-fleets.ts'
import { compose } from '#lib/composition.ts'
import { addressIn } from '#lib/http/address-in.ts'
import { isForced } from '#lib/application/breakers/terms.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { countedFleets } from './counted-fleets.ts'
import { misreadParams } from './misread-params.ts'
import { loadShared, queryText, SHARED, type ItemProps, type PageQuery } from './search-params.ts'

/** Who looks, and the fleets that they may see; null without a live session. Once a request. */
export const findViewer = cache(async () => {
  const { ctx, auth } = await compose()
  const jar = Object.fromEntries((await cookies()).getAll().map(({ name, value }) => [name, value]))
  const principal = await principalOfCookies(ctx, auth, jar)
  if (principal === null) return null
  const { actor } = principal
  const path = (await headers()).get('x-tidemark-path')
  const provider = auth.oidc?.name ?? null
  return { ctx, actor, principal, provider, origin: auth.origin, fleets: await fleetsOf(ctx, actor, path) }
})

/** A fleet as the frame shows it; counts are null where nobody has counted. */
async function fleetsOf(
  ctx: Pick<Context, 'storage' | 'breakers' | 'clock'>,
  actor: Actor,
  path: string | null,
) {
  const fleets = await listFleets(ctx, { actor })
  const named = fleets.toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
  const counts = new Map(
    await Promise.all(
      [...countedFleets(named, path)].map(async (id) => {
        const one = { actor, fleetId: id }
        const [count, incidents] = await Promise.all([countFleet(ctx, one), openIncidents(ctx, one)])
        return [id, { ...count, incidents }] as const
      }),
    ),
  )
  return named.map(({ id, name, epoch, settings, createdAtMs }) => ({
    id,
    name,
    epoch,
    intervalMs: settings.intervalMs,
    limits: limitsOfFleet({ settings }),
    createdAtMs,
    role: roleIn(actor, id) ?? 'viewer',
    devices: counts.get(id)?.devices ?? null,
    deadLettersOpen: counts.get(id)?.deadLettersOpen ?? null,
    conflictsOpen: counts.get(id)?.conflictsOpen ?? null,
    breakers: breakersOf(ctx, id),
    incidents: counts.get(id)?.incidents ?? null,
  }))
}

/** Of this process, which knows what people said to all: how many aren't closed, and whether a person holds one. */
function breakersOf({ breakers }: Pick<Context, 'breakers'>, fleetId: string) {
  const notClosed = breakers.notClosed((scope) => (fleetOfScope(scope) ?? fleetId) === fleetId)
  return { notClosed: notClosed.length, isHeld: notClosed.some(({ state }) => isForced(state)) }
}

type Viewer = NonNullable<Awaited<ReturnType<typeof findViewer>>>

/** One look at one page: who, at which fleet, when, and the page's place in the console. */
export interface Visit extends Viewer {
  readonly fleet: Viewer['fleets'][number]
  readonly path: string
  /** The query as it came, for links that change one thing of it. */
  readonly query: string
  /** What of the query this page does not understand. */
  readonly misread: readonly string[]
  /** When this page is made, Unix ms. */
  readonly nowMs: number
  /** The time that it shows. */
  readonly span: Span
}

/**
 * Opens a page: leads to the sign-in without a session, and to "not found" for a fleet that the viewer cannot
 * see, as if it did not exist (security check 1).
 * @param parameters what the page understands of its query
 */
export async function visit(
  path: string,
  search: PageQuery,
  parameters: Parameters<typeof misreadParams>[1] = SHARED,
): Promise<Visit> {
  const [viewer, { fleet: fleetId, ...time }, query] = await Promise.all([
    findViewer(),
    loadShared(search),
    queryText(search),
  ])
  if (viewer === null) {
    redirect(`/sign-in?callbackUrl=${encodeURIComponent(query === '' ? path : `${path}?${query}`)}`)
  }
  const fleet = fleetId === null ? viewer.fleets[0] : viewer.fleets.find(({ id }) => id === fleetId)
  if (fleet === undefined) {
    if (fleetId !== null) await tellForeignFleet(viewer, path, fleetId)
    notFound()
  }
  const backwards = isSpan(time.from, time.to) ? [] : ['from (it must be before to)']
  const misread = [...misreadParams(query, parameters), ...backwards]
  const nowMs = viewer.ctx.clock.now()
  return { ...viewer, fleet, path, query, misread, nowMs, span: spanOf(time, nowMs) }
}

/** Somebody asked for a fleet that they can't see (security check 43); one that is not there is told of in none. */
async function tellForeignFleet({ ctx, actor }: Viewer, path: string, fleetId: string): Promise<void> {
  const isThere = uuid.safeParse(fleetId).success && (await ctx.storage.fleets.get(fleetId)) !== null
  await tellDenial(ctx, {
    actor,
    action: `GET ${path}`,
    code: 'not_found',
    fleetId: isThere ? fleetId : null,
    address: addressIn(await headers()),
  })
}

/** The id in the address of one thing; what is no id names nothing. */
export async function itemId(params: ItemProps['params']): Promise<string> {
  const { id } = await params
  if (!uuid.safeParse(id).success) notFound()
  return id
}

/** What a verb answers; its "not found" becomes the page's. */
export async function orNotFound<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isApplicationError(error) && error.tidemarkCode === 'not_found') notFound()
    throw error
  }
}
