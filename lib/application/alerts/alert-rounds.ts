import type { Fleet } from '#lib/storage/ports.ts'
import { isStorageError } from '../errors.ts'
import type { Surroundings } from '../surroundings.ts'
import { evaluateFleet } from './evaluate-fleet.ts'
import { FleetFigures } from './fleet-figures.ts'
import { readFleetLimits, type FleetLimits } from './fleet-limits.ts'
import { readBreakers, scopesOf } from './standing.ts'

/** Fleets that are evaluated side by side: their reads wait for the database, not for the processor. */
const SIDE_BY_SIDE = 4
/** All fleets read their long windows anew within this time of each other, and not at once. */
const SPREAD_MS = 10 * 60_000

type Deps = Pick<Surroundings, 'storage' | 'clock' | 'ids' | 'log' | 'metrics' | 'processId' | 'random'>

interface Kept {
  readonly figures: FleetFigures
  limits: { readonly configVersion: number; readonly of: FleetLimits } | null
}

/** Evaluations of all fleets, one round at a time, by the process that leads. What is kept between rounds can be read anew. */
export class AlertRounds {
  private readonly deps: Deps
  private readonly kept = new Map<string, Kept>()
  private completeMs: number | null = null
  private readonly failingSinceMs = new Map<string, number>()

  constructor(deps: Deps) {
    this.deps = deps
  }

  /** When this process ended its last round in which no fleet failed, Unix ms; null before the first. */
  get lastCompleteMs(): number | null {
    return this.completeMs
  }

  /**
   * Evaluates every fleet, notes the round for all processes, and beats: a round that doesn't end, or in which a fleet failed,
   * gives no heartbeat. @throws the first failure, after all had their turn
   */
  async run(): Promise<void> {
    const { storage, clock, metrics, processId } = this.deps
    const startedMs = clock.now()
    const [fleets, breakers] = await Promise.all([storage.fleets.list(), readBreakers(this.deps)])
    for (const known of [this.kept, this.failingSinceMs])
      for (const id of known.keys()) if (!fleets.some((fleet) => fleet.id === id)) known.delete(id)
    const failures: unknown[] = []
    let rules = 0
    const waiting = [...fleets]
    const work = async (): Promise<void> => {
      for (let fleet = waiting.shift(); fleet !== undefined; fleet = waiting.shift()) {
        try {
          const evaluated = await this.evaluate(fleet, scopesOf(breakers, fleet.id, clock.now()))
          rules += evaluated
          this.failingSinceMs.delete(fleet.id)
        } catch (error) {
          // One that is removed meanwhile has nothing to be told of.
          if (isStorageError(error, 'fleet_gone')) continue
          failures.push(error)
          if (!this.failingSinceMs.has(fleet.id)) this.failingSinceMs.set(fleet.id, startedMs)
        }
      }
    }
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
    const atMs = clock.now()
    const tookMs = atMs - startedMs
    await storage.alerts.noteRound({
      atMs,
      processId,
      tookMs,
      fleets: fleets.length,
      rules,
      failing: [...this.failingSinceMs].map(([fleetId, sinceMs]) => ({ fleetId, sinceMs })),
    })
    if (failures.length > 0) throw failures[0]
    this.completeMs = atMs
    metrics.beat(atMs)
  }

  private async evaluate(fleet: Fleet, scopes: ReturnType<typeof scopesOf>): Promise<number> {
    const { storage, random, metrics } = this.deps
    let kept = this.kept.get(fleet.id)
    if (kept === undefined) {
      const delayMs = Math.floor(random() * SPREAD_MS)
      kept = { figures: new FleetFigures(storage.telemetry, fleet.id, delayMs), limits: null }
      this.kept.set(fleet.id, kept)
    }
    // Collections hold their schemas: they are read once for each change of them.
    if (kept.limits?.configVersion !== fleet.configVersion)
      kept.limits = { configVersion: fleet.configVersion, of: await readFleetLimits(this.deps, fleet) }
    const { rules, firing } = await evaluateFleet(this.deps, {
      fleet,
      figures: kept.figures,
      scopes,
      limitsOf: kept.limits.of,
    })
    metrics.showAlerts(fleet.id, firing)
    return rules
  }
}
