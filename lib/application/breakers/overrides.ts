import { holdingAt } from '#lib/engine/breaker/override.ts'
import { SCOPES_TOLD_MAX } from '#lib/protocol/limits.ts'
import type { StoredControl, ToldScope } from '#lib/storage/ports.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Breakers } from './breakers.ts'
import type { BreakerJournal } from './journal.ts'
import type { Scope } from './scopes.ts'

/** How often a process asks for newer controls, and tells that it lives (BR6). */
export const OVERRIDES_LOOKED_AT_EVERY_MS = 1_000
const NOTHING = { calls: 0, failures: 0, shed: 0 }

type Deps = Pick<Surroundings, 'storage' | 'clock' | 'processId' | 'processName'> & {
  readonly breakers: Breakers
  readonly journal: BreakerJournal
}

/**
 * What people said of breakers, as this process holds it (BR4, BR6). Overrides are in one table that every process reads
 * whole; NOTIFY wakes, and asking once a second is the truth. Without the database the last known ones hold, and end by
 * this process's own clock.
 */
export class Overrides {
  private readonly deps: Deps
  private readonly startedAtMs: number
  private controls: ReadonlyMap<string, StoredControl> = new Map()
  private applied = 0
  private running: Promise<void> | null = null
  private isAskedAgain = false

  constructor(deps: Deps) {
    this.deps = deps
    this.startedAtMs = deps.clock.now()
  }

  /** The newest revision that this process runs. */
  get revision(): number {
    return this.applied
  }

  /** What was said of a scope, as this process knows it. */
  of(scope: Scope): StoredControl | null {
    return this.controls.get(scope) ?? null
  }

  /** Those for which `isWanted`. */
  list(isWanted: (scope: Scope) => boolean): readonly StoredControl[] {
    return [...this.controls.values()].filter(({ scope }) => isWanted(scope as Scope))
  }

  /** Ends what has expired, begins what is due, and takes over what is newer. @throws when the storage can't be asked */
  look(): Promise<void> {
    this.applyDue()
    if (this.running) {
      this.isAskedAgain = true
      return this.running
    }
    this.running = this.lookUntilNobodyAsks().finally(() => (this.running = null))
    return this.running
  }

  private async lookUntilNobodyAsks(): Promise<void> {
    do {
      this.isAskedAgain = false
      const { breakers } = this.deps.storage
      if ((await breakers.beat(this.self())) === this.applied) continue
      const { revision, controls } = await breakers.controls()
      this.take(controls)
      this.applied = revision
      await breakers.beat(this.self())
    } while (this.isAskedAgain)
  }

  private take(controls: readonly StoredControl[]): void {
    const gone = this.controls
    this.controls = new Map(controls.map((control) => [control.scope, control]))
    for (const scope of gone.keys()) if (!this.controls.has(scope)) this.apply(scope as Scope, null)
    this.applyDue()
  }

  private applyDue(): void {
    for (const [scope, control] of this.controls) this.apply(scope as Scope, control)
  }

  private apply(scope: Scope, control: StoredControl | null): void {
    const { breakers, clock } = this.deps
    breakers.configure(scope, control?.settings ?? null)
    breakers.hold(scope, control ? (holdingAt(control.overrides, clock.now())?.kind ?? null) : null)
  }

  private self() {
    const { processId: id, processName: name } = this.deps
    return { id, name, startedAtMs: this.startedAtMs, revision: this.applied, scopes: this.toldScopes() }
  }

  private toldScopes(): Readonly<Record<string, ToldScope>> {
    const { breakers, journal, clock } = this.deps
    const nowMs = clock.now()
    const told = breakers
      .list(() => true)
      .flatMap(({ scope, state }): [string, ToldScope][] => {
        const minute = journal.minute(scope, nowMs)
        return state === 'closed' && minute === null ? [] : [[scope, { state, ...(minute ?? NOTHING) }]]
      })
    // What isn't closed matters most.
    const troubled = ([, { state }]: [string, ToldScope]): number => Number(state === 'closed')
    return Object.fromEntries(told.sort((a, b) => troubled(a) - troubled(b)).slice(0, SCOPES_TOLD_MAX))
  }
}
