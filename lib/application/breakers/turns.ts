import type { BreakerTransition, Storage } from '#lib/storage/ports.ts'
import { isForced } from '#lib/engine/breaker/breaker.ts'
import { gathered, type Annotation } from '#lib/telemetry/annotations.ts'
import { nameOfScope } from './scopes.ts'

/** Processes take over an override within two seconds, and what makes one trip makes the others within some more. */
const ONE_TURN_MS = 10_000

const DONE = {
  forced_open: 'forced open',
  forced_closed: 'forced closed',
  metrics_only: 'counts only',
} as const

/** What a chart tells of breakers: those that tripped, and what people held, or let go. */
export async function breakerTurns(
  { breakers }: Pick<Storage, 'breakers'>,
  fleetId: string,
  range: { readonly fromMs: number; readonly toMs: number },
  limit: number,
): Promise<readonly Annotation[]> {
  return annotationsOf(await breakers.turns(fleetId, range, limit))
}

/** The turns of one breaker's changes, as the charts of a fleet have them. Pure. */
export const turnsAmong = (
  changes: readonly BreakerTransition[],
  range: { readonly fromMs: number; readonly toMs: number },
): readonly Annotation[] => gathered(annotationsOf(changes.filter(isTurn)), range)

/** It tripped, or a person held it or let it go; one that goes open again after a trial is none. */
const isTurn = ({ before, after }: BreakerTransition): boolean =>
  (before === 'closed' && after === 'open') || isForced(before) || isForced(after)

/** Each turn once, whatever the number of processes that took it: by the first of them. Pure. */
export function annotationsOf(turns: readonly BreakerTransition[]): readonly Annotation[] {
  const last = new Map<string, number>()
  return turns
    .toSorted((a, b) => a.atMs - b.atMs)
    .flatMap((turn): Annotation[] => {
      const key = `${turn.scope} ${turn.after}`
      const knownMs = last.get(key) ?? -Infinity
      last.set(key, turn.atMs)
      return turn.atMs - knownMs < ONE_TURN_MS ? [] : [annotationOf(turn)]
    })
}

function annotationOf({ scope, after, atMs }: BreakerTransition): Annotation {
  const name = nameOfScope(scope)
  if (after === 'open') return { atMs, kind: 'trip', what: name, count: 1 }
  const done = after === 'closed' || after === 'half_open' ? 'released' : DONE[after]
  return { atMs, kind: 'override', what: `${name} ${done}`, count: 1 }
}
