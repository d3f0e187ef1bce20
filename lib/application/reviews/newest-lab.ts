import type { Collection } from '#lib/storage/ports.ts'
import type { ScarLab } from '#lib/telemetry/review/scar.ts'
import type { Context } from '../context.ts'

/** The newest run of the strategy lab that ended well for a collection. This release keeps no runs: there is none. */
export const newestLab = async (
  _ctx: Pick<Context, 'storage'>,
  _of: Pick<Collection, 'fleetId' | 'id'>,
): Promise<ScarLab | null> => null
