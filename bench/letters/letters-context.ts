import { randomBytes } from 'node:crypto'
import type { Context } from '#lib/application/context.ts'
import type { Storage } from '#lib/storage/ports.ts'

/** What lists and files of letters need, the key of the masks among it (DL20). */
export type LettersContext = Pick<Context, 'storage' | 'clock' | 'log' | 'secret'>

export const lettersContext = (storage: Storage, nowMs: number): LettersContext => ({
  storage,
  clock: { now: () => nowMs },
  log: { info: console.info, warn: console.warn, error: console.error },
  secret: randomBytes(32),
})
