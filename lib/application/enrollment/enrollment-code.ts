import { randomBytes } from 'node:crypto'
import { finishCredential, hashCredential, type MadeCredential } from '../access/credentials.ts'
import type { Context } from '../context.ts'

/**
 * A code short enough to be typed that stands for an enrollment key: "K7QM-3F0Z-9TWB-X2HD". It is four characters of its
 * fleet, eleven of chance (55 bits) and one that finds typos, in Crockford's base 32. The key's own random part is derived
 * from it under the server's secret, so neither the code nor anything to guess it by is stored: who has the database
 * alone cannot try codes. What is typed here is tried over the network only, within the day that such a key lives.
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const FLEET_CHARS = 4
const CHANCE_CHARS = 11
const CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/
const KEY_HEX_CHARS = 48
/** A key with a code ends within this. */
export const CODE_LIFE_MAX_MS = 86_400_000

export interface MadeCode extends MadeCredential {
  /** As it is shown: four groups of four. */
  readonly code: string
}

/** A new key of the fleet with the code that stands for it; both are shown once. */
export function makeEnrollmentCode(ctx: Pick<Context, 'mac'>, fleetId: string): MadeCode {
  const chance = [...randomBytes(CHANCE_CHARS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
  const body = tagOf(fleetId) + chance
  const code = body + checkOf(body)
  return { ...keyOf(ctx, fleetId, code), code: (code.match(/.{4}/g) ?? []).join('-') }
}

/** What was typed, without what people add and mistake: blanks, dashes, small letters, O for 0, I and L for 1; null where it is no code. */
export function parseCode(typed: string): string | null {
  const text = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return CODE.test(text) && checkOf(text.slice(0, -1)) === text.at(-1) ? text : null
}

/** The texts of the keys that a code may stand for: one, unless fleets share four characters. */
export async function keysOfCode(
  ctx: Pick<Context, 'mac' | 'storage'>,
  code: string,
): Promise<readonly string[]> {
  const fleets = await ctx.storage.fleets.list()
  return fleets.filter(({ id }) => code.startsWith(tagOf(id))).map(({ id }) => keyOf(ctx, id, code).text)
}

function keyOf(ctx: Pick<Context, 'mac'>, fleetId: string, code: string): MadeCredential {
  const derived = Buffer.from(ctx.mac(Buffer.from(`enrollment-code/${fleetId}/${code}`)))
  return finishCredential('enrollment', fleetId, derived.toString('hex').slice(0, KEY_HEX_CHARS))
}

/** By a hash, for the ids of fleets begin with the time. */
const tagOf = (fleetId: string): string => base32(hashCredential(`fleet/${fleetId}`), FLEET_CHARS)
const checkOf = (body: string): string => base32(hashCredential(`code/${body}`), 1)

/** Five bits of a hash in hex for each character. */
const base32 = (hex: string, chars: number): string =>
  [...Buffer.from(hex, 'hex').subarray(0, chars)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
