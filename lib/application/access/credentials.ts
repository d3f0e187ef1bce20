import { hash, randomBytes } from 'node:crypto'
import { isUuid } from '#lib/kernel/uuid.ts'

/** 192 bits of chance; the contract asks for at least 160 (docs/keys.md). */
const RANDOM_BYTES = 24
const CHECKSUM_CHARS = 8

const KINDS = { tmd: 'device', tme: 'enrollment', tmi: 'ingest', tmk: 'api' } as const
const PREFIXES = { device: 'tmd', enrollment: 'tme', ingest: 'tmi', api: 'tmk' } as const
type FleetKind = 'device' | 'enrollment' | 'ingest'

/** What a credential's own text says; whether it is live only the storage knows. */
export type Credential =
  | { readonly kind: FleetKind; readonly fleetId: string; readonly hash: string }
  | { readonly kind: 'api'; readonly hash: string }

/** A new credential: `text` is shown once, `hash` is what is kept. */
export interface MadeCredential {
  readonly text: string
  readonly hash: string
}

/** A device token, enrollment or ingest key: `tmd_<fleetId>_<random>_<checksum>`, `tme_…`, `tmi_…`. */
export function makeFleetCredential(kind: FleetKind, fleetId: string): MadeCredential {
  return finishCredential(kind, fleetId, secretText())
}

/** The credential of a fleet whose random part is known already. */
export const finishCredential = (kind: FleetKind, fleetId: string, random: string): MadeCredential =>
  finish(`${PREFIXES[kind]}_${fleetId}_${random}`)

/** An operator API key: `tmk_<random>_<checksum>` (docs/keys.md). */
export function makeApiCredential(): MadeCredential {
  return finish(`${PREFIXES.api}_${secretText()}`)
}

/** Reads a credential; null when prefix, shape or checksum is wrong, so a typo never asks the database. */
export function parseCredential(text: string): Credential | null {
  const parts = text.split('_')
  const checksum = parts.at(-1)
  const prefix = parts[0]
  if (checksum === undefined || !isPrefix(prefix)) return null
  const kind = KINDS[prefix]
  const random = parts.at(-2) ?? ''
  if (random.length !== RANDOM_BYTES * 2 || !/^[0-9a-f]+$/.test(random)) return null
  if (checksum !== checksumOf(text.slice(0, -checksum.length - 1))) return null
  if (kind === 'api') return parts.length === 3 ? { kind, hash: hashCredential(text) } : null
  const fleetId = parts[1]
  return parts.length === 4 && isUuid(fleetId) ? { kind, fleetId, hash: hashCredential(text) } : null
}

/** SHA-256 in hex: enough for a random secret, and all that is kept of it. */
export function hashCredential(text: string): string {
  return hash('sha256', text)
}

/** A random secret for links and sessions, in hex. */
export function secretText(): string {
  return randomBytes(RANDOM_BYTES).toString('hex')
}

/** The credential after `Bearer `; null without one. */
export function bearerOf(headers: Pick<Headers, 'get'>): string | null {
  return /^Bearer ([\x21-\x7e]{1,200})$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null
}

function finish(body: string): MadeCredential {
  const text = `${body}_${checksumOf(body)}`
  return { text, hash: hashCredential(text) }
}

/** Guards against typos and finds leaked credentials in text; it is no secret. */
function checksumOf(body: string): string {
  return hashCredential(body).slice(0, CHECKSUM_CHARS)
}

function isPrefix(text: string | undefined): text is keyof typeof KINDS {
  return text !== undefined && Object.hasOwn(KINDS, text)
}
