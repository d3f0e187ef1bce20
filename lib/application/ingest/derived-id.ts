import { createHash } from 'node:crypto'

/**
 * Our id of what another engine names: the same for the same name, and none that a device of ours can have, so that
 * whoever holds an ingest key can neither speak for such a device nor take a session's id before it (a UUIDv8).
 */
export function derivedId(...names: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(names)).digest('hex')
  const variant = (0x8 | (Number.parseInt(hex.slice(16, 17), 16) & 0x3)).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
