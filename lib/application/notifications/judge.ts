import type { Answer } from './mail.ts'
import type { Verdict } from './after-try.ts'

/** HTTP answers that a repeat may change, beside those of 5xx: time-out, too early, too many. */
const AGAIN = new Set([408, 425, 429])

/**
 * What an answer means: 2xx is taken; 429, 5xx and silence are tried again, at the time that was asked for; any other 4xx
 * is for good, and so is a redirect, which nobody follows. Of SMTP, 4xx is for now and 5xx for good. Pure.
 */
export function judge(answer: Answer, isMail: boolean, nowMs: number): Verdict {
  if (answer.kind === 'failed')
    return answer.isForGood ? { kind: 'refused' } : { kind: 'again', afterMs: null }
  const { status, retryAfter } = answer
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const again: Verdict = { kind: 'again', afterMs: retryAfterMs(retryAfter, nowMs) }
  if (isMail) return status < 500 ? again : { kind: 'refused' }
  return status >= 500 || AGAIN.has(status) ? again : { kind: 'refused' }
}

/** Seconds, or a date (RFC 9110, 10.2.3); null for neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const atMs = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(atMs) ? Math.max(0, atMs - nowMs) : null
}
