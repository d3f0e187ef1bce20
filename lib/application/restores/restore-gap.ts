import type { RestoredDevice } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'

type ReadContext = Pick<Context, 'storage'>

/** Of a fleet's newest restore; times in ISO 8601. */
export interface ToldGap {
  readonly epoch: number
  readonly epochBefore: number
  readonly backupId: string | null
  readonly backupAt: string | null
  readonly restoredAt: string
  readonly proven: boolean
  /** Devices that the backup knows, and those of them that had a session that ended well since. */
  readonly devices: number
  readonly back: number
  readonly notBack: number
  /** Mutations that were acknowledged after the backup and that their devices have brought back, and of how many devices. */
  readonly regained: number
  readonly regainedDevices: number
}

export interface ToldGapDevice extends Omit<RestoredDevice, 'lastAcknowledgedAtMs' | 'backAtMs'> {
  readonly lastAcknowledgedAt: string | null
  readonly backAt: string | null
  readonly mutationIds?: readonly string[]
}

const PAGE = 500
/** Of one answer of the command line; the API pages. */
const DEVICES_MAX = 10_000

export const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** The gap of a fleet's newest restore as far as devices have told; null where it was never restored. */
export async function currentGap(ctx: ReadContext, fleetId: string): Promise<ToldGap | null> {
  const restoration = await ctx.storage.restores.latest(fleetId)
  if (!restoration) return null
  const { epoch, epochBefore, backupId, backupAtMs, proven, restoredAtMs } = restoration
  const { devices, back, regained, regainedDevices } = await ctx.storage.restores.gap(fleetId, epoch)
  return {
    epoch,
    epochBefore,
    backupId,
    backupAt: isoOf(backupAtMs),
    restoredAt: new Date(restoredAtMs).toISOString(),
    proven,
    devices,
    back,
    notBack: devices - back,
    regained,
    regainedDevices,
  }
}

/** The same with each device, and with what it brought back where `withIds` says so. */
export async function restoreGap(
  ctx: ReadContext,
  fleetId: string,
  withIds: boolean,
): Promise<(ToldGap & { readonly byDevice: readonly ToldGapDevice[] }) | null> {
  const gap = await currentGap(ctx, fleetId)
  if (!gap) return null
  const byDevice: ToldGapDevice[] = []
  for (let after: string | null = null; byDevice.length < DEVICES_MAX;) {
    const rows = await ctx.storage.restores.devices(fleetId, gap.epoch, after, PAGE)
    for (const row of rows) {
      const mutationIds = withIds ? { mutationIds: await idsOf(ctx, fleetId, gap.epoch, row.deviceId) } : {}
      byDevice.push({ ...toldDevice(row), ...mutationIds })
    }
    after = rows.at(-1)?.deviceId ?? null
    if (rows.length < PAGE) break
  }
  return { ...gap, byDevice }
}

export const toldDevice = ({ lastAcknowledgedAtMs, backAtMs, ...row }: RestoredDevice): ToldGapDevice => ({
  ...row,
  lastAcknowledgedAt: isoOf(lastAcknowledgedAtMs),
  backAt: isoOf(backAtMs),
})

async function idsOf(
  ctx: ReadContext,
  fleetId: string,
  epoch: number,
  deviceId: string,
): Promise<readonly string[]> {
  const ids: string[] = []
  for (let cursor: { atMs: number; id: string } | null = null; ;) {
    const page = await ctx.storage.restores.regained(fleetId, epoch, deviceId, { cursor, limit: PAGE })
    ids.push(...page.items.map(({ mutationId }) => mutationId))
    cursor = page.next
    if (cursor === null) return ids
  }
}
