import { createHash } from 'node:crypto'

/**
 * A UUID (version 8) made of a name, so that an event written twice, by two processes or after a crash, has
 * one id and counts once. Different names collide no likelier than chance.
 */
export function eventId(...name: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(name)).digest('hex')
  const variant = ((Number.parseInt(hash.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(18, 20)}-${hash.slice(20, 32)}`
}
