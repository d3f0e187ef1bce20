import type { FleetKey, FleetKeyPort } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import { parseCredential } from './credentials.ts'

/** The key of this kind that a request shows. @throws ApplicationError `unauthorized` */
export async function liveFleetKey<Key extends FleetKey>(
  { clock }: Pick<Context, 'clock'>,
  kind: 'enrollment' | 'ingest',
  port: FleetKeyPort<Key>,
  text: string | null,
): Promise<Key> {
  const credential = text === null ? null : parseCredential(text)
  if (credential?.kind !== kind) throw new ApplicationError('unauthorized')
  const key = await port.findKey(credential.fleetId, credential.hash)
  const expired = key && key.expiresAtMs !== null && key.expiresAtMs <= clock.now()
  if (!key || expired || key.revokedAtMs !== null) throw new ApplicationError('unauthorized')
  return key
}
