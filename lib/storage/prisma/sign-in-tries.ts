import type { SignInPort } from '../ports.ts'
import type { Database, Statement } from './database.ts'
import { at, ms } from './values.ts'

/** Each try takes more that is over than it adds: the table stays as small as the last window was busy. */
const EXPIRE: Statement = {
  name: 'sign_in_try_expire',
  text: `DELETE FROM sign_in_try WHERE key IN (
      SELECT key FROM sign_in_try WHERE ends_at <= $1 ORDER BY ends_at LIMIT 20 FOR UPDATE SKIP LOCKED)`,
}
const FULL: Statement = {
  name: 'sign_in_try_full',
  text: 'SELECT max(ends_at) AS ends_at FROM sign_in_try WHERE key = ANY ($1) AND tries >= $2 AND ends_at > $3',
}
/** In the order of the keys, so that two tries never wait for each other. */
const COUNT: Statement = {
  name: 'sign_in_try_count',
  text: `INSERT INTO sign_in_try (key, tries, ends_at) SELECT k, 1, $3 FROM (SELECT DISTINCT k FROM unnest($1::text[]) k ORDER BY k) keys
    ON CONFLICT (key) DO UPDATE SET
      tries = CASE WHEN sign_in_try.ends_at <= $2 THEN 1 ELSE sign_in_try.tries + 1 END,
      ends_at = CASE WHEN sign_in_try.ends_at <= $2 THEN $3 ELSE sign_in_try.ends_at END
    RETURNING tries, ends_at`,
}
const FORGIVE: Statement = {
  name: 'sign_in_try_forgive',
  text: `UPDATE sign_in_try SET tries = greatest(tries - 1, 0) WHERE key IN (
      SELECT key FROM sign_in_try WHERE key = ANY ($1) ORDER BY key FOR UPDATE)`,
}
const CLEAR: Statement = { name: 'sign_in_try_clear', text: 'DELETE FROM sign_in_try WHERE key = $1' }

export function postgresSignInTries(
  database: Database,
): Pick<SignInPort, 'countTries' | 'forgiveTries' | 'clearTries'> {
  return {
    countTries: (keys, nowMs, max, windowMs) =>
      database.inGlobal(async (send) => {
        await send(EXPIRE, [at(nowMs)])
        const [full] = await send<{ ends_at: Date | null }>(FULL, [keys, max, at(nowMs)])
        if (full?.ends_at) return ms(full.ends_at) - nowMs
        const counts = await send<{ tries: number; ends_at: Date }>(COUNT, [
          keys,
          at(nowMs),
          at(nowMs + windowMs),
        ])
        // Of tries at the same time those beyond the limit see it here.
        const over = counts.filter(({ tries }) => tries > max)
        return over.length === 0 ? null : Math.max(...over.map(({ ends_at }) => ms(ends_at) - nowMs))
      }),
    forgiveTries: (keys) =>
      database.inGlobal(async (send) => {
        await send(FORGIVE, [keys])
      }),
    clearTries: (key) =>
      database.inGlobal(async (send) => {
        await send(CLEAR, [key])
      }),
  }
}
