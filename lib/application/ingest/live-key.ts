import type { IngestKey } from '#lib/storage/ports.ts'
import { parseCredential } from '../access/credentials.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

export type { IngestKey } from '#lib/storage/ports.ts'

/** The ingest key that a request shows. @throws ApplicationError `unauthorized` */
export async function liveIngestKey(ctx: Context, text: string | null): Promise<IngestKey> {
  const credential = text === null ? null : parseCredential(text)
  if (credential?.kind !== 'ingest') throw new ApplicationError('unauthorized')
  const key = await ctx.storage.ingest.findKey(credential.fleetId, credential.hash)
  const expired = key && key.expiresAtMs !== null && key.expiresAtMs <= ctx.clock.now()
  if (!key || expired || key.revokedAtMs !== null) throw new ApplicationError('unauthorized')
  return key
}
