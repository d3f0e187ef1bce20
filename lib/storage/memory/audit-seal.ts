import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { auditSeal, OPEN_SECRET, type Seal } from '../audit-chain.ts'

/** The seal of a memory, which runs where there is no Node. */
export const memorySeal = (secret: Uint8Array = OPEN_SECRET): Seal =>
  auditSeal((key, text) => hmac(sha256, key, utf8ToBytes(text)), secret)
