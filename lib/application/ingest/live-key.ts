import type { IngestKey } from '#lib/storage/ports.ts'
import { liveFleetKey } from '../access/live-fleet-key.ts'
import type { Context } from '../context.ts'

export type { IngestKey } from '#lib/storage/ports.ts'

/** The ingest key that a request shows. @throws ApplicationError `unauthorized` */
export const liveIngestKey = (ctx: Context, text: string | null): Promise<IngestKey> =>
  liveFleetKey(ctx, 'ingest', ctx.storage.ingest, text)
