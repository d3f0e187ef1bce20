import { z } from 'zod'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'
import type { Device } from '#lib/storage/ports.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest, rangeInput, since } from '../page.ts'

export const devicesQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  state: z.array(z.enum(SESSION_STATES)).optional(),
  platform: z.string().max(40).optional(),
  appVersion: z.string().max(40).optional(),
  text: z.string().max(120).optional(),
  waiting: z.boolean().optional(),
})
export type DevicesQuery = z.input<typeof devicesQuery>

/** Devices by last contact, newest first; `from` and `to` are of it. @throws ApplicationError `not_found`, `bad_request` */
export async function listDevices(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<ItemList<Device>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { cursor, limit, from, to, ...query } = parsedOrThrow(devicesQuery, input.query)
  const fleet = await ctx.storage.fleets.get(input.fleetId)
  if (!fleet) throw new ApplicationError('not_found')
  const filter = {
    state: query.state ?? null,
    platform: query.platform ?? null,
    appVersion: query.appVersion ?? null,
    text: query.text ?? null,
    waiting: query.waiting ?? false,
    silentBeforeMs: ctx.clock.now() - silenceLimitMs(fleet.settings.intervalMs),
  }
  const page = await ctx.storage.devices.list(fleet.id, filter, pageRequest({ cursor, limit, to }))
  return itemList(
    since(page, from, (device) => device.lastContactMs ?? 0),
    (device) => device,
  )
}
