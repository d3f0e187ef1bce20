import type { BackoffSettings } from '#lib/engine/backoff.ts'
import { backoffWait, clampRetryAfter } from '#lib/engine/backoff.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'
import type { ServerEvent } from './event-stream.ts'
import { readEvents } from './event-stream.ts'
import { forkParts } from './on-demand.ts'
import type { QuietTime } from './quiet-time.ts'
import { leftOf, noteAnsweredWait, quietTimeLeft, waitOf } from './quiet-time.ts'
import type { ReplicaContext } from './run.ts'
import { identityOf } from './tables.ts'
import { commandsOf } from './transport.ts'
import type { WaitState } from './wait.ts'
import { RESTED } from './wait.ts'

/** States of a session that has asked for what it is to bring. */
const PULLED_ALREADY: ReadonlySet<SessionState> = new Set(['pulling', 'resolving', 'committing', 'resyncing'])
/** Of the interval, where a server doesn't say how wide its pokes are to be spread. */
const SPREAD_SHARE = 0.25

/** What the stream may ask of the replica. */
export interface EventHooks {
  /** A session in so many ms, unless one comes earlier or the device is in no state for it. */
  readonly soon: (ms: number) => void
  readonly changeDelayMs: number
}

export interface Events {
  /** After a session that went well: opens a stream where none is open and one may be tried again. */
  follow(settings: BackoffSettings): void
  /** Ends the stream; `follow` opens the next one. */
  stop(): void
}

/**
 * Keeps a stream of events open (EV1), one for all openings of a store that has locks, so that the device hears of
 * others' work without waiting an interval. All of it is a hint: whatever is missed comes with the next session.
 */
export function createEvents(context: ReplicaContext, hooks: EventHooks): Events {
  const { store, clock, random, machine, transport } = context
  let open: AbortController | null = null
  let wait: WaitState = RESTED
  let pause: QuietTime | null = null
  /** When the session comes that a poke asked for: more pokes until then ask for no other one. */
  let planned: QuietTime | null = null
  /** A breaker is open: pokes start no sessions before. */
  let quiet: QuietTime | null = null
  let missed = false

  /** EV2: spread as the server says, so that the devices that one change pokes don't come in one second. */
  function poke(spreadMs: number): void {
    // What is yet to be pulled brings it, and so does the session after a wait.
    if (PULLED_ALREADY.has(machine.state())) missed = true
    const nowMs = clock.now()
    if (machine.state() !== 'idle' || leftOf(planned, nowMs) > 0 || leftOf(quiet, nowMs) > 0) return
    const delayMs = hooks.changeDelayMs * random() + spreadMs * (0.5 + random())
    planned = waitOf(delayMs, nowMs)
    hooks.soon(delayMs)
  }

  async function take({ type, data }: ServerEvent, settings: BackoffSettings): Promise<void> {
    const spreadMs = msOf(data['spreadMs']) ?? settings.intervalMs * SPREAD_SHARE
    switch (type) {
      case 'poke':
        return poke(spreadMs)
      case 'command':
        await store.transact(async (tx) => forkParts().followCommands(tx, commandsOf([data])))
        hooks.soon(hooks.changeDelayMs * random())
        return context.onChange()
      case 'resolved':
        return hooks.soon(hooks.changeDelayMs * random())
      case 'replayed':
      case 'discarded':
        if (type === 'replayed') hooks.soon(hooks.changeDelayMs * random())
        await store.transact(async (tx) =>
          forkParts().closeLetter(tx, data['deadLetterId'], type === 'replayed'),
        )
        return context.onChange()
      case 'breaker':
        // `engine open` or `fleet:… forced_open`: no other scope begins so, and `half_open` is none.
        if (/^[ef].* (forced_)?open$/.test(`${data['scope']} ${data['state']}`))
          quiet = waitOf(clampRetryAfter(msOf(data['retryAfterMs']) ?? 0), clock.now())
    }
  }

  async function read(settings: BackoffSettings, controller: AbortController): Promise<void> {
    const letGo = await store.hold('events')
    if (!letGo) return
    try {
      const { token, quietMs } = await store.transact(async (tx) => ({
        token: (await identityOf(tx)).token,
        quietMs: await quietTimeLeft(tx, clock.now()),
      }))
      // Asked meanwhile not to be disturbed: the next session that goes well opens it.
      if (token === null || quietMs > 0 || controller.signal.aborted) return
      const { heard, failure } = await readEvents(
        (signal) => transport.open('/api/v1/events', token, signal),
        { clock, signal: controller.signal },
        (event) => take(event, settings),
      )
      if (failure) await store.transact((tx) => noteAnsweredWait(tx, failure, clock.now()))
      const failed = {
        kind: 'server_error',
        retryAfterMs: failure?.kind === 'wait' ? failure.retryAfterMs : null,
        failures: wait.failures,
        quickRetryUsed: true,
      } as const
      pause = waitOf(heard ? 0 : backoffWait(settings, failed, random).waitMs, clock.now())
      wait = heard ? RESTED : { failures: wait.failures + 1, quickRetryUsed: true }
    } finally {
      letGo()
    }
  }

  return {
    follow(settings) {
      if (missed) poke(settings.intervalMs * SPREAD_SHARE)
      missed = false
      if (open || leftOf(pause, clock.now()) > 0 || context.abort.aborted) return
      const controller = new AbortController()
      open = controller
      const stop = (): void => controller.abort()
      context.abort.addEventListener('abort', stop)
      void read(settings, controller)
        .catch((error: unknown) => context.log('store_failed', { message: String(error) }))
        .finally(() => {
          context.abort.removeEventListener('abort', stop)
          if (open === controller) open = null
        })
    },
    stop() {
      open?.abort()
      open = null
    },
  }
}

const msOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
