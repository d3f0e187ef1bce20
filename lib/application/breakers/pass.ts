import type { EndedCall } from '#lib/engine/breaker/window.ts'
import type { Clock } from '../surroundings.ts'
import type { Breakers, Refusal } from './breakers.ts'
import type { Scope } from './scopes.ts'

/** What a request says about a scope when it ends; `void` says nothing: it is no call of it (BR2). */
export type Verdict = 'good' | 'failed' | 'void'

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
      const refusal = this.breakers.refusal(scope)
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

  /** Ends the calls; a second time it does nothing. */
  end(verdictOf: (scope: Scope) => Verdict): void {
    const { entered, waitedMs, begunAtMs } = this
    this.entered = []
    const nowMs = this.clock.now()
    for (const { scope, era, atMs } of entered) {
      const verdict = verdictOf(scope)
      const slow = nowMs - Math.max(atMs, begunAtMs) - waitedMs > this.breakers.settings.slowMs
      const call: EndedCall | 'void' = verdict === 'void' ? 'void' : { failed: verdict === 'failed', slow }
      this.breakers.end(scope, era, call)
    }
  }
}
