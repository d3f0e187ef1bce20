import type { BadCall } from '#lib/storage/ports.ts'
import type { Clock } from '../surroundings.ts'
import type { Breakers, Refusal } from './breakers.ts'
import type { Scope } from './scopes.ts'

/** What a request says about a scope when it ends; `void` says nothing: it is no call of it (BR2). */
export type Verdict = 'good' | 'failed' | 'void'

/** What a bad call is told by. */
type About = Pick<BadCall, 'cause' | 'deviceId' | 'fleetId'>
const NOTHING_KNOWN: About = { cause: 'unknown', deviceId: null, fleetId: null }

interface Entered {
  readonly scope: Scope
  readonly era: number
  readonly atMs: number
}

/** The scopes that one request was admitted to: one call of each, given back exactly once (BR2). */
export class BreakerPass {
  private readonly breakers: Breakers
  private readonly clock: Clock
  private entered: Entered[] = []
  private waitedMs = 0
  private begunAtMs = -Infinity

  constructor(breakers: Breakers, clock: Clock) {
    this.breakers = breakers
    this.clock = clock
  }

  /** Enters all of these scopes, or none and says which one refuses. In HALF_OPEN it takes one probe of each. */
  enter(scopes: readonly Scope[]): Refusal | null {
    for (const scope of scopes) {
      const refusal = this.breakers.refuse(scope)
      if (refusal) return refusal
    }
    const atMs = this.clock.now()
    for (const scope of scopes) this.entered.push({ scope, era: this.breakers.enter(scope), atMs })
    return null
  }

  /** The caller has sent all: only from here on can its scopes be slow. */
  begun(): void {
    this.begunAtMs = this.clock.now()
  }

  /** So much of the time since then was spent behind others' work, and says nothing about its own scopes. */
  waited(ms: number): void {
    this.waitedMs = ms
  }

  /** Ends the calls; a second time it does nothing. `about` says what it was that failed, or took long. */
  end(verdictOf: (scope: Scope) => Verdict, about: About = NOTHING_KNOWN): void {
    const { entered, waitedMs, begunAtMs } = this
    this.entered = []
    const nowMs = this.clock.now()
    for (const { scope, era, atMs } of entered) {
      const verdict = verdictOf(scope)
      const tookMs = nowMs - Math.max(atMs, begunAtMs) - waitedMs
      const slow = tookMs > this.breakers.settingsOf(scope).slowMs
      const failed = verdict === 'failed'
      const bad = failed || slow ? { atMs: nowMs, ms: Math.max(0, tookMs), ...about } : null
      this.breakers.end(scope, era, verdict === 'void' ? 'void' : { failed, slow }, bad)
    }
  }
}
