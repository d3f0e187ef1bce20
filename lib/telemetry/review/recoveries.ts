/** A change of state of one process's breaker. */
export interface StateChange {
  readonly scope: string
  readonly processId: string
  readonly atMs: number
  readonly before: string
  readonly after: string
}

/**
 * Trips among these changes, in any order, and how long each that ended took from going open to being closed again, shortest
 * first. One that goes open again after a trial goes on; one that a person forced is none, and forcing it ends one without a
 * time. Pure.
 */
export function recoveriesOf(changes: readonly StateChange[]): {
  readonly trips: number
  readonly tookMs: readonly number[]
} {
  const tookMs: number[] = []
  const openSince = new Map<string, number>()
  let trips = 0
  for (const { scope, processId, atMs, before, after } of changes.toSorted((a, b) => a.atMs - b.atMs)) {
    const key = JSON.stringify([scope, processId])
    if (after === 'open' && before !== 'half_open') {
      trips += 1
      openSince.set(key, atMs)
    } else if (after === 'closed') {
      const since = openSince.get(key)
      if (since !== undefined) tookMs.push(atMs - since)
      openSince.delete(key)
    } else if (after !== 'half_open' && after !== 'open') openSince.delete(key)
  }
  return { trips, tookMs: tookMs.sort((a, b) => a - b) }
}
