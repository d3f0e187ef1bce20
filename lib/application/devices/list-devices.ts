import { z } from 'zod'
import { DEVICE_FIELDS, DEVICE_SORTS, type DeviceKey } from '#lib/query/device-fields.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { Device, DeviceFilter } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import type { ItemList } from '../page.ts'
import { PAGE_LIMIT_DEFAULT, pageInput, rangeInput } from '../page.ts'
import { decodeDeviceCursor, encodeDeviceCursor } from './device-cursor.ts'

export const devicesQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  cursor: z.string().max(4_000).optional(),
  sort: z.enum(DEVICE_SORTS).optional(),
  q: filterInput(DEVICE_FIELDS),
})
export type DevicesQuery = z.input<typeof devicesQuery>

/**
 * Devices that match `q` (docs/filters.md), by last contact, newest first, or in the order of `sort`; `from` and `to` are
 * of the last contact. @throws ApplicationError `not_found`, `bad_request`
 */
export async function listDevices(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<ItemList<Device>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { cursor, limit, from, to, sort = 'contact', q } = parsedOrThrow(devicesQuery, input.query)
  const after = cursor === undefined ? null : decodeDeviceCursor(cursor, sort)
  const filter = await deviceFilter(ctx, input.fleetId, { from, to, q })
  const page = await ctx.storage.devices.list(input.fleetId, filter, {
    sort,
    limit: limit ?? PAGE_LIMIT_DEFAULT,
    after,
  })
  return { items: page.items, nextCursor: page.next && encodeDeviceCursor(page.next, sort) }
}

/**
 * At most `limit` devices that match `q`, by name, in one read: of pages, a device that is heard between two of them is on
 * none. @throws ApplicationError `not_found`, `bad_request`
 */
export async function matchingDevices(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly fleetId: string; readonly q: string | undefined; readonly limit: number },
): Promise<readonly Device[]> {
  const filter = await deviceFilter(ctx, input.fleetId, { q: input.q })
  const page = { sort: 'name', limit: input.limit, after: null } as const
  return (await ctx.storage.devices.list(input.fleetId, filter, page)).items
}

export const deviceFacetsQuery = devicesQuery.omit({ cursor: true, limit: true, sort: true })

/** How many devices match `q`, and how many have each value of some keys. @throws ApplicationError `not_found`, `bad_request` */
export async function deviceFacets(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<FacetCounts<DeviceKey>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const query = parsedOrThrow(deviceFacetsQuery, input.query)
  return ctx.storage.devices.facets(input.fleetId, await deviceFilter(ctx, input.fleetId, query))
}

async function deviceFilter(
  { storage, clock }: Pick<Context, 'storage' | 'clock'>,
  fleetId: string,
  { from, to, q }: z.output<typeof deviceFacetsQuery>,
): Promise<DeviceFilter> {
  const fleet = await storage.fleets.get(fleetId)
  if (!fleet) throw new ApplicationError('not_found')
  return {
    fromMs: from ?? null,
    toMs: to ?? null,
    conditions: filterOrThrow(q, DEVICE_FIELDS),
    nowMs: clock.now(),
    intervalMs: fleet.settings.intervalMs,
  }
}
