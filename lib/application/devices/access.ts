import type { Access } from '#lib/storage/ports.ts'

/** What a credential may do with a collection: its own entry, else the one for `*`. Write includes read. */
export function accessTo(access: Access, collection: string): 'read' | 'write' | null {
  if (Object.hasOwn(access, collection)) return access[collection] ?? null
  return access['*'] ?? null
}
