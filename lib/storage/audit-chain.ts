import { canonicalJson, type Json } from '#lib/kernel/json.ts'
import type { AuditEntry, AuditHead } from './ports.ts'

/**
 * What an entry is sealed with (AC1): HMAC-SHA-256, in hex, over the mac of the entry before it, its own number and all
 * that it says. Null as number and no mac before it is what an entry of before the chain is adopted with.
 */
export type Seal = (previousMac: string, seq: number | null, entry: AuditEntry) => string

/** HMAC-SHA-256 of a text in UTF-8. */
export type Hmac = (key: Uint8Array, text: string) => Uint8Array

/** Under a key of its own, derived from TIDEMARK_SECRET: it never reaches the database. */
export function auditSeal(hmac: Hmac, secret: Uint8Array): Seal {
  const key = hmac(secret, 'audit-chain')
  return (previousMac, seq, entry) => hexOf(hmac(key, sealedText(previousMac, seq, entry)))
}

/** Of tests and simulations that give no secret: anybody can make this key. */
export const OPEN_SECRET = new Uint8Array(32)

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** One text for each entry: as it is read back, whatever it was made of. */
function sealedText(previousMac: string, seq: number | null, entry: AuditEntry): string {
  const { actor } = entry
  return canonicalJson([
    'tidemark audit 1',
    previousMac,
    seq,
    entry.id,
    entry.atMs,
    entry.fleetId,
    actor.kind,
    actor.id,
    actor.name,
    entry.action,
    entry.target,
    entry.reason,
    entry.before,
    entry.after,
    entry.address,
    entry.outcome,
  ])
}

/** The entry as storage gives it back: whole milliseconds, and JSON without what JSON can't say. */
export const storedEntry = (entry: AuditEntry): AuditEntry => ({
  ...entry,
  atMs: Math.trunc(entry.atMs),
  before: asStored(entry.before),
  after: asStored(entry.after),
})

const asStored = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json

export interface Link {
  readonly seq: number
  readonly mac: string
}

/** Chains entries behind a head, in their order: the link of each, and the new head. */
export function linked(
  seal: Seal,
  head: AuditHead,
  entries: readonly AuditEntry[],
): { readonly links: readonly Link[]; readonly head: AuditHead } {
  const links: Link[] = []
  let last = head
  for (const entry of entries) {
    const seq = last.seq + 1
    last = { seq, mac: seal(last.mac, seq, entry) }
    links.push(last)
  }
  return { links, head: last }
}
