import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { fingerprintText, letterCause, type LetterReason } from '#lib/protocol/letter-fingerprint.ts'
import type { DeadLetterRow } from './rows.ts'

/** What a letter keeps of its cause from the moment that it is written. */
export type KeptCause = Pick<DeadLetterRow, 'fingerprint' | 'fingerprintVersion' | 'place' | 'said'>

/** The same id for the same cause, in every fleet and process: a UUIDv8 of the fingerprint's text. */
export function keptCause(reason: LetterReason): KeptCause {
  const cause = letterCause(reason)
  return {
    fingerprint: hashedId(fingerprintText(cause)),
    fingerprintVersion: cause.version,
    place: cause.place,
    said: cause.said,
  }
}

function hashedId(text: string): string {
  const hex = bytesToHex(sha256(utf8ToBytes(text)))
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
