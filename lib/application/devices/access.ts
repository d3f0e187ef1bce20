import { jsonEqual } from '#lib/kernel/json.ts'
import type { Access, Standing } from '#lib/storage/ports.ts'

/** What a credential may do with a collection: its own entry, else the one for `*`. Write includes read. */
export function accessTo(access: Access, collection: string): 'read' | 'write' | null {
  if (Object.hasOwn(access, collection)) return access[collection] ?? null
  return access['*'] ?? null
}

/** A stream shows what its device could read when it was opened: with another scope it is opened anew. */
export const mayListenOn = (device: Standing, now: Standing | null): boolean =>
  now !== null && now.status !== 'revoked' && jsonEqual(device.access, now.access)
