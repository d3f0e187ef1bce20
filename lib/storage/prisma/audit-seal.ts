import { createHmac } from 'node:crypto'
import { auditSeal, OPEN_SECRET, type Seal } from '../audit-chain.ts'

/** The same seal as that of a memory, by Node: entries are sealed while the head of the chain is held. */
export const postgresSeal = (secret: Uint8Array = OPEN_SECRET): Seal =>
  auditSeal((key, text) => createHmac('sha256', key).update(text).digest(), secret)
