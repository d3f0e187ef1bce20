import type { Device } from '#lib/storage/ports.ts'
import { ApplicationError } from '../errors.ts'

/** When a paused device may ask again; an operator resumes it meanwhile or not. */
export const PAUSED_RETRY_MS = 60_000

/** @throws ApplicationError `device_revoked` */
export function requireNotRevoked(device: Device): void {
  if (device.status === 'revoked') throw new ApplicationError('device_revoked')
}

/** @throws ApplicationError `device_revoked`, `device_paused` */
export function requireActive(device: Device): void {
  requireNotRevoked(device)
  if (device.status === 'paused')
    throw new ApplicationError('device_paused', { retryAfterMs: PAUSED_RETRY_MS })
}
