import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import type { AppRelease } from '#lib/storage/ports.ts'
import type { Actor, Context } from '../context.ts'
import { getFleet } from '../fleets/change-fleet.ts'
import { listReleases } from './list-releases.ts'

export interface ReleaseBoard {
  /** The latest first. `devices` have it now; null where it is one of more versions than are told apart. */
  readonly releases: readonly (AppRelease & { readonly devices: number | null })[]
  /** What devices have now and nobody told of, most devices first. */
  readonly untold: readonly { readonly version: string; readonly devices: number }[]
}

/** The releases that somebody told of, beside the versions that devices have. @throws ApplicationError `not_found` */
export async function releaseBoard(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<ReleaseBoard> {
  const { actor, fleetId } = input
  const { settings } = await getFleet(ctx, { actor, id: fleetId })
  const [told, { versions }] = await Promise.all([
    listReleases(ctx, input),
    ctx.storage.devices.now(fleetId, ctx.clock.now(), settings.intervalMs),
  ])
  const counts = new Map(versions.map(({ appVersion, devices }) => [appVersion, devices]))
  const isWhole = versions.length < APP_VERSIONS_LIVE_MAX
  const known = new Set(told.map(({ version }) => version))
  return {
    releases: told.map((release) => ({
      ...release,
      devices: counts.get(release.version) ?? (isWhole ? 0 : null),
    })),
    untold: versions.flatMap(({ appVersion: version, devices }) =>
      known.has(version) ? [] : [{ version, devices }],
    ),
  }
}
