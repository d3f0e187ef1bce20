import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson, isJsonObject } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { assert, err, ok } from '#lib/kernel/result.ts'
import { TOKEN_LIFE_MS } from '#lib/protocol/limits.ts'

/**
 * How far a device has read one collection. A first snapshot is a pull from 0 to the head at its start
 * (`target`); while it runs, `version` is where it stands, and it is complete at `version >= target`.
 */
export interface Position {
  readonly version: number
  readonly snapshot: { readonly target: number } | null
  /** Up to here its reader holds all, where that is less than `version` (TK9): see `heldOf`. */
  readonly held?: number
}
export type Positions = Readonly<Record<string, Position>>

/** A device's tide mark over its collections (TK1). */
export interface SyncToken {
  readonly fleetId: string
  readonly deviceId: string
  readonly epoch: number
  readonly issuedAtMs: number
  readonly positions: Positions
}

export type Mac = (bytes: Uint8Array) => Uint8Array
export type TokenError = 'token_invalid' | 'token_expired'

const FORMAT = 1
const MAC_BYTES_MIN = 16

/** The opaque text of a token: base64url of format byte, payload, MAC over both. */
export function encodeToken(token: SyncToken, mac: Mac): string {
  const payload = new TextEncoder().encode(canonicalJson(toJson(token)))
  const signed = joined(Uint8Array.of(FORMAT), payload)
  const code = mac(signed)
  assert(code.length >= MAC_BYTES_MIN, 'a token needs a MAC of at least 16 bytes')
  return encodeBase64url(joined(signed, code))
}

/** Who asks, and when: a token is good only for the device, fleet and epoch it was made for. */
export interface TokenReader {
  readonly fleetId: string
  readonly deviceId: string
  readonly epoch: number
  readonly nowMs: number
}

/** Reads a token (TK1): anything altered, or another's, is `token_invalid`; too old or of another epoch `token_expired`. */
export function decodeToken(text: string, reader: TokenReader, mac: Mac): Result<SyncToken, TokenError> {
  const token = readToken(text, mac)
  return token ? judgeToken(token, reader) : err('token_invalid')
}

/** What a token says, whoever shows it; null when it is none of ours. */
export function readToken(text: string, mac: Mac): SyncToken | null {
  const bytes = decodeBase64url(text)
  const macLength = mac(new Uint8Array()).length
  if (!bytes || bytes.length <= macLength + 1 || bytes[0] !== FORMAT) return null
  const signed = bytes.subarray(0, bytes.length - macLength)
  if (!equalBytes(mac(signed), bytes.subarray(bytes.length - macLength))) return null
  // The MAC was ours, so the payload is as we wrote it.
  return fromJson(JSON.parse(new TextDecoder().decode(signed.subarray(1))) as Json)
}

/** Whether a token of ours is good for who shows it, now. */
export function judgeToken(token: SyncToken, reader: TokenReader): Result<SyncToken, TokenError> {
  if (token.fleetId !== reader.fleetId || token.deviceId !== reader.deviceId) return err('token_invalid')
  if (token.epoch !== reader.epoch || reader.nowMs - token.issuedAtMs > TOKEN_LIFE_MS)
    return err('token_expired')
  return ok(token)
}

/** A collection may have the name of what every object inherits. */
export const positionOf = (positions: Positions, collection: string): Position | undefined =>
  Object.hasOwn(positions, collection) ? positions[collection] : undefined

/**
 * Up to which version a device holds all of a collection, each record as it was then or newer. A page passes over what has been
 * replaced behind it, so before a run of pages has come to the head that is where the run began.
 */
export const heldOf = ({ version, held = version }: Position): number => held

/** Where a collection stands after a page that ended at `version`, while its newest one was `head`: never further back (TK3). */
export function advance(position: Position, version: number, head: number): Position {
  const reached = Math.max(position.version, version)
  const running = position.snapshot !== null && reached < position.snapshot.target
  const held = reached < head ? heldOf(position) : reached
  return holding({ version: reached, snapshot: running ? position.snapshot : null }, held)
}

const holding = (position: Position, held: number): Position =>
  held < position.version ? { ...position, held } : position

/** The place of a collection that the token lacks: a snapshot up to the head of this moment (TK4). */
export const startPosition = (head: number): Position => ({
  version: 0,
  snapshot: head > 0 ? { target: head } : null,
})

function toJson(token: SyncToken): Json {
  const places = Object.entries(token.positions).map(
    ([collection, { version, snapshot }]): [string, Json] => [
      collection,
      snapshot ? [version, snapshot.target] : [version],
    ],
  )
  const held = Object.entries(token.positions).flatMap(([collection, place]): [string, Json][] =>
    place.held === undefined ? [] : [[collection, place.held]],
  )
  return {
    f: token.fleetId,
    d: token.deviceId,
    e: token.epoch,
    t: token.issuedAtMs,
    p: Object.fromEntries(places),
    h: Object.fromEntries(held),
  }
}

function fromJson(json: Json): SyncToken {
  assert(isJsonObject(json) && isJsonObject(json['p']), 'a token of this format has an object as payload')
  const held = json['h'] as Readonly<Record<string, number>> | undefined
  const places = Object.entries(json['p']).map(([collection, place]): [string, Position] => {
    const [version, target] = place as readonly [number, number?]
    const position = { version, snapshot: target === undefined ? null : { target } }
    // The release before doesn't say it: such a token may be from the middle of a run of pages.
    if (!held) return [collection, holding(position, 0)]
    return [
      collection,
      holding(position, Object.hasOwn(held, collection) ? (held[collection] ?? 0) : version),
    ]
  })
  return {
    fleetId: json['f'] as string,
    deviceId: json['d'] as string,
    epoch: json['e'] as number,
    issuedAtMs: json['t'] as number,
    positions: Object.fromEntries(places),
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** In constant time, so that the MAC can't be guessed byte by byte. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}
