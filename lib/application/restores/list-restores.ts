import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { itemList, pageInput, pageRequest, rangeInput, since, type ItemList } from '../page.ts'
import type { ToldGap, ToldGapDevice } from './restore-gap.ts'
import { currentGap, toldDevice } from './restore-gap.ts'

export const restoredDevicesQuery = z.strictObject(pageInput)
export const regainedQuery = z.strictObject({ ...pageInput, ...rangeInput, device: uuid.optional() })

interface Input {
  readonly actor: Actor
  readonly fleetId: string
}
interface ListInput extends Input {
  readonly query: unknown
}
type ReadContext = Pick<Context, 'storage'>

/** The fleet's newest restore and its gap; `restore` is null where it never was. @throws ApplicationError `not_found` */
export async function getRestore(
  ctx: ReadContext,
  { actor, fleetId }: Input,
): Promise<{ readonly restore: ToldGap | null }> {
  authorize(actor, fleetId, 'viewer')
  return { restore: await currentGap(ctx, fleetId) }
}

/** Devices that the backup knows, and those that brought back what it lacks, by id. @throws ApplicationError `not_found`, `bad_request` */
export async function listRestoredDevices(
  ctx: ReadContext,
  { actor, fleetId, query }: ListInput,
): Promise<ItemList<ToldGapDevice>> {
  authorize(actor, fleetId, 'viewer')
  const { cursor, limit } = pageRequest(parsedOrThrow(restoredDevicesQuery, query))
  const epoch = await epochOf(ctx, fleetId)
  // By id alone: of a cursor the time is nothing.
  const found = await ctx.storage.restores.devices(fleetId, epoch, cursor?.id ?? null, limit + 1)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  const next = last && found.length > limit ? { atMs: 0, id: last.deviceId } : null
  return itemList({ items, next }, toldDevice)
}

export interface ToldRegained {
  readonly mutationId: string
  readonly deviceId: string
  readonly status: string
  readonly at: string
}

/** Mutations that were acknowledged after the backup and came back, the newest first. @throws ApplicationError `not_found`, `bad_request` */
export async function listRegained(
  ctx: ReadContext,
  { actor, fleetId, query }: ListInput,
): Promise<ItemList<ToldRegained>> {
  authorize(actor, fleetId, 'viewer')
  const { device = null, from, ...paged } = parsedOrThrow(regainedQuery, query)
  const epoch = await epochOf(ctx, fleetId)
  const page = await ctx.storage.restores.regained(fleetId, epoch, device, pageRequest(paged))
  return itemList(
    since(page, from, ({ atMs }) => atMs),
    ({ atMs, ...row }) => ({ ...row, at: new Date(atMs).toISOString() }),
  )
}

async function epochOf(ctx: ReadContext, fleetId: string): Promise<number> {
  const restoration = await ctx.storage.restores.latest(fleetId)
  if (!restoration) throw new ApplicationError('not_found')
  return restoration.epoch
}
