import type { Context } from '../context.ts'

/** How often each process looks whether another one has removed a fleet. */
export const FLEETS_LOOKED_AT_EVERY_MS = 3_000

type Memory = Pick<
  Context,
  'directory' | 'groupCommit' | 'heads' | 'pages' | 'requests' | 'breakers' | 'metrics'
>

/** Drops what this process holds of a fleet that is no more: rules, counts, breakers, and its figures at /metrics. */
export async function forgetFleet(ctx: Memory, fleetId: string): Promise<void> {
  ctx.directory.forget()
  ctx.groupCommit.rules.forget(fleetId)
  ctx.heads.forget(fleetId)
  ctx.pages.forget(fleetId)
  ctx.requests.forget(fleetId)
  ctx.breakers.forget(fleetId)
  await ctx.metrics.removeFleet(fleetId)
}

/** The same for every fleet that another process removed since the last look. */
export async function forgetRemovedFleets(ctx: Memory & Pick<Context, 'storage'>): Promise<void> {
  // What is shown is read first: a fleet that is made meanwhile is in neither list.
  const shown = ctx.metrics.fleets()
  const there = new Set((await ctx.storage.fleets.list()).map(({ id }) => id))
  for (const fleetId of shown) if (!there.has(fleetId)) await forgetFleet(ctx, fleetId)
}
