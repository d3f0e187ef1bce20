import type { Context } from '../context.ts'

export const HEARTBEAT_LOOKED_AT_EVERY_MS = 5_000
/** A dead man's switch expects some beats an hour, not four a minute. */
const BEAT_EVERY_MS = 60_000
const TIMEOUT_MS = 10_000

type Deps = Pick<Context, 'alertRounds' | 'egress' | 'log' | 'clock'>

/**
 * Asks an address of the operator's once a minute, for as long as this process leads and its rounds of evaluations end well.
 * Who waits there tells when it stops: the one alarm that doesn't need us.
 */
export class Heartbeat {
  private readonly deps: Deps
  private readonly url: string
  private beatMs = -Infinity
  private toldOfMs: number | null = null
  private failing = false

  constructor(deps: Deps, url: string) {
    this.deps = deps
    this.url = url
  }

  /** One look: beats when a round has ended since the last beat, and a minute has passed. */
  async beat(): Promise<void> {
    const { alertRounds, egress, log, clock } = this.deps
    const roundMs = alertRounds.lastCompleteMs
    const nowMs = clock.now()
    if (roundMs === null || roundMs === this.toldOfMs || nowMs - this.beatMs < BEAT_EVERY_MS) return
    this.toldOfMs = roundMs
    this.beatMs = nowMs
    const answer = await egress.get({ url: this.url, headers: {}, timeoutMs: TIMEOUT_MS })
    const failure = !answer.ok
      ? answer.error
      : answer.value.status >= 200 && answer.value.status < 300
        ? null
        : `answered ${answer.value.status}`
    // Once at each change; the next beat is the repeat.
    if (failure !== null && !this.failing) log.warn('the heartbeat was not taken', { error: failure })
    if (failure === null && this.failing) log.info('the heartbeat is taken again')
    this.failing = failure !== null
  }
}
