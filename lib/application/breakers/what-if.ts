import { z } from 'zod'
import type { BreakerSettings } from '#lib/engine/breaker/breaker.ts'
import type { SupposedRun } from '#lib/engine/breaker/what-if.ts'
import { suppose } from '#lib/engine/breaker/what-if.ts'
import { WINDOW_SECONDS } from '#lib/engine/breaker/window.ts'
import type { CountedSecond } from '#lib/storage/ports.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { secondsOf } from './breaker-detail.ts'
import { isWithin } from '../is-within.ts'
import { getBreaker } from './list-breakers.ts'
import type { Scope } from './scopes.ts'

const DAY_MS = 86_400_000

const share = z.coerce.number().gt(0).max(1)
export const whatIfQuery = z.strictObject({
  failureRateMax: share.optional(),
  slowRateMax: share.optional(),
  callsMin: z.coerce.number().int().min(1).max(100_000).optional(),
  windowSeconds: z.coerce.number().int().min(5).max(600).optional(),
})

export interface WhatIf {
  readonly fromMs: number
  readonly toMs: number
  /** Seconds with calls that are known: what an open breaker shed is in none. */
  readonly seconds: number
  /** By what it goes by today, and by what is asked. */
  readonly now: SupposedRun
  readonly asked: SupposedRun
  /** The same by other failure rates, today's and the asked one among them, lowest first. */
  readonly rates: readonly { readonly failureRateMax: number; readonly run: SupposedRun }[]
  /** Minutes with a call, oldest first. */
  readonly minutes: readonly { readonly atMs: number; readonly calls: number; readonly failures: number }[]
}

/** What most people would ask next. */
const RATES = [0.02, 0.03, 0.05, 0.08]

/**
 * GET /breakers/:scope/what-if: the last day's calls of all processes, as one, against another threshold, window or minimum.
 * Each process trips by what it sees itself, so that with several this is what one that saw all would have done. An answer is
 * kept for a minute.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function whatIf(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly scope: string; readonly query: unknown },
): Promise<WhatIf> {
  const asked = parsedOrThrow(whatIfQuery, input.query)
  const { scope, settings } = await getBreaker(ctx, input)
  const key = JSON.stringify([scope, settings, asked])
  return keptAnswer(ctx, key, () => replayed(ctx, scope, settings, asked))
}

/** A live page asks again and again: a day of a busy scope is megabytes, and replaying it a second of this process. */
const KEPT_MS = 60_000
const KEPT_MAX = 100
interface Kept {
  readonly atMs: number
  readonly answer: Promise<WhatIf>
}
const keptOf = new WeakMap<Context['storage'], Map<string, Kept>>()

function keptAnswer(
  { storage, clock }: Pick<Context, 'storage' | 'clock'>,
  key: string,
  replay: () => Promise<WhatIf>,
): Promise<WhatIf> {
  const kept = keptOf.get(storage) ?? new Map<string, Kept>()
  keptOf.set(storage, kept)
  const nowMs = clock.now()
  const known = kept.get(key)
  if (known && isWithin(known.atMs, nowMs, KEPT_MS)) return known.answer
  const answer = replay()
  kept.delete(key)
  kept.set(key, { atMs: nowMs, answer })
  // What failed is asked again at once.
  answer.catch(() => kept.delete(key))
  const [oldest] = kept.keys()
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest)
  return answer
}

async function replayed(
  ctx: Context,
  scope: Scope,
  settings: BreakerSettings,
  asked: z.output<typeof whatIfQuery>,
): Promise<WhatIf> {
  const toMs = ctx.clock.now()
  const fromMs = toMs - DAY_MS
  const minutes = await ctx.storage.breakers.minutes(scope, fromMs, toMs)
  const seconds = secondsOf(
    minutes.map((minute) => minute.seconds),
    fromMs,
  )
  const now = { ...settings, windowSeconds: WINDOW_SECONDS }
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
  const supposed = { ...now, ...given }
  const rates = [...new Set([...RATES, now.failureRateMax, supposed.failureRateMax])].sort((a, b) => a - b)
  return {
    fromMs,
    toMs,
    seconds: seconds.length,
    now: suppose(seconds, now),
    asked: suppose(seconds, supposed),
    rates: rates.map((failureRateMax) => ({
      failureRateMax,
      run: suppose(seconds, { ...supposed, failureRateMax }),
    })),
    minutes: minutesOf(seconds),
  }
}

function minutesOf(seconds: readonly CountedSecond[]): WhatIf['minutes'] {
  const minutes = new Map<number, { atMs: number; calls: number; failures: number }>()
  for (const { second, calls, failures } of seconds) {
    if (calls === 0) continue
    const atMs = (second - (second % 60)) * 1_000
    const minute = minutes.get(atMs) ?? { atMs, calls: 0, failures: 0 }
    minutes.set(atMs, { atMs, calls: minute.calls + calls, failures: minute.failures + failures })
  }
  return [...minutes.values()]
}
