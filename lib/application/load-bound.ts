import type { Route } from './request-counter.ts'

/** Requests that this process has in hand at once; past the bound of its kind a request is shed (overload). */
export const IN_FLIGHT_MAX = 4_000

/**
 * The share of the bound up to which a route is served: push first to go, pull and the heartbeat last, which cost little
 * and tell the device how it stands.
 */
const SERVED_UP_TO: Record<Route, number> = {
  push: 0.5,
  enroll: 0.6,
  sessions: 0.7,
  config: 0.8,
  rotate: 0.8,
  diagnostics: 0.7,
  events: 0.8,
  heartbeat: 0.9,
  pull: 1,
}

/** How much this process has in hand. */
export class LoadBound {
  private inFlight = 0
  private readonly max: number

  constructor(max: number = IN_FLIGHT_MAX) {
    this.max = max
  }

  /** True when the request may go on; then `leave` must follow. */
  enter(route: Route): boolean {
    if (this.inFlight >= this.max * SERVED_UP_TO[route]) return false
    this.inFlight += 1
    return true
  }

  leave(): void {
    this.inFlight -= 1
  }
}
