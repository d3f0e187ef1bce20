import type { DeadLetterCode } from './error-codes.ts'

/**
 * How fingerprints are made; a letter keeps the one that it was written with, so a new version never regroups old ones.
 * What changes here gets a new number, and no back-fill.
 */
export const FINGERPRINT_VERSION = 1

/** What a letter tells of why it died. */
export interface LetterReason {
  readonly code: DeadLetterCode
  /** In words, as the device was told. */
  readonly detail: string
  /** A JSON Pointer into the document, of a broken rule its id; null for a fault in no single place. */
  readonly path: string | null
  readonly collection: string
  /** Of the mutation. */
  readonly schemaVersion: number
}

/** One cause, as all letters of it have it: from these parts come its fingerprint and its title. */
export interface LetterCause {
  readonly version: number
  readonly code: DeadLetterCode
  readonly collection: string
  readonly schemaVersion: number
  /** The path without what tells one document from another, or a rule's id; null where there is none. */
  readonly place: string | null
  /** The first line of the detail, without ids, numbers and times; of an authority's refusal with a stack its top frame. */
  readonly said: string
}

/** Characters of a detail that are looked at, and of those that are kept. */
const DETAIL_CHARS_MAX = 2_000
export const SAID_CHARS_MAX = 200
export const PLACE_CHARS_MAX = 1_000

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const TIME = '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9]{2}:?[0-9]{2})?)?'
const LONG_HEX = '[0-9a-f]{16,}'
const DECIMALS = '([.,][0-9]+)*(e[+-]?[0-9]+)?'
/** The migration of version 1 says the same to PostgreSQL, which takes the longest of the alternatives: so do these. */
const IN_PATH = new RegExp(`/(${UUID}|${TIME}|${LONG_HEX}|[0-9]+)(?=/|$)`, 'gi')
const IN_TEXT = new RegExp(`${UUID}|${TIME}|-?(${LONG_HEX}|[0-9]+)${DECIMALS}`, 'gi')
const FRAME = /\n[ \t]*(at [^\n]+|File [^\n]+)/

/** The cause of a letter. Pure. */
export function letterCause({ code, detail, path, collection, schemaVersion }: LetterReason): LetterCause {
  return {
    version: FINGERPRINT_VERSION,
    code,
    collection,
    schemaVersion,
    place: placeOf(code, path),
    said: saidOf(code, detail),
  }
}

/**
 * What the fingerprint is a hash of: two letters have the same text when they have the same cause. What was said counts
 * where it alone tells causes apart: a message with a place names the value or the rule again. Pure.
 */
export function fingerprintText({
  version,
  code,
  collection,
  schemaVersion,
  place,
  said,
}: LetterCause): string {
  const counts = place === null && SAID_COUNTS.has(code)
  return [version, code, collection, schemaVersion, place ?? '', counts ? said : ''].join('\u001f')
}

/** Codes whose letters have nothing but their message to be told apart by. */
const SAID_COUNTS: ReadonlySet<DeadLetterCode> = new Set<DeadLetterCode>([
  'schema_mismatch',
  'authority_refused',
  'underivable',
  'exhausted',
])

function placeOf(code: DeadLetterCode, path: string | null): string | null {
  if (path === null || path === '') return null
  // A rule's id is a name that a person gave it.
  const place = code === 'rule_violation' ? path : path.replace(IN_PATH, '/*')
  return firstChars(place, PLACE_CHARS_MAX)
}

function saidOf(code: DeadLetterCode, detail: string): string {
  const looked = firstChars(detail, DETAIL_CHARS_MAX)
  const frame = code === 'authority_refused' ? FRAME.exec(looked)?.[1] : undefined
  const line = frame ?? looked.split('\n', 1)[0] ?? ''
  return firstChars(line.replace(IN_TEXT, '#'), SAID_CHARS_MAX)
}

/** By code points, as PostgreSQL counts. */
const firstChars = (text: string, max: number): string =>
  text.length <= max ? text : Array.from(text).slice(0, max).join('')
