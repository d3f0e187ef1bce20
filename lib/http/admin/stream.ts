import { watchOf } from '#lib/application/live/fleet-watch.ts'
import type { Topic } from '#lib/application/live/topics.ts'
import { ApplicationError } from '#lib/application/errors.ts'
import { cookiesOf } from '#lib/application/access/auth-settings.ts'
import { authorize } from '#lib/application/access/authorize.ts'
import type { FleetCall } from './table.ts'

export const STREAMS_MAX = 200
export const STREAMS_PER_ACTOR_MAX = 10
/** How often a stream asks whether its reader may still read. */
export const RECHECK_EVERY_MS = 5_000
const KEEP_ALIVE_MS = 15_000
const RETRY_AFTER_MS = 5_000

/** Open streams of this process by actor. */
const open = new Map<string, number>()

/** Asks for the same reader again; throws or answers null when it may no longer read. */
export type Recheck = (call: FleetCall) => Promise<boolean>

/**
 * GET /stream: server-sent events that say what changed in the fleet, at most once a second:
 * `{"event":"changed","topics":[…]}`. What it is now, the reader asks for itself. It ends when its reader is
 * signed out or loses the role, and with the connection.
 * @throws ApplicationError `shed`, `rate_limited` at the bound of open streams
 */
export async function openStream(call: FleetCall, recheckEveryMs: number = RECHECK_EVERY_MS): Promise<Response> {
  const release = reserve(call.actor.id)
  const encoder = new TextEncoder()
  let stop = (): void => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => controller.enqueue(encoder.encode(text))
      const unlisten = watchOf(call.ctx, call.fleetId).listen((topics) => send(changedEvent(topics)))
      const keepAlive = setInterval(() => send(': still here\n\n'), KEEP_ALIVE_MS)
      const recheck = setInterval(() => void endUnlessAllowed(), recheckEveryMs)
      let ended = false
      stop = () => {
        if (ended) return
        ended = true
        unlisten()
        clearInterval(keepAlive)
        clearInterval(recheck)
        release()
      }
      const endUnlessAllowed = async (): Promise<void> => {
        if (ended || (await mayStillRead(call)) || ended) return
        stop()
        controller.close()
      }
      call.request.signal.addEventListener('abort', () => stop(), { once: true })
      send(': open\n\n')
    },
    cancel: () => stop(),
  })
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    // Without no-transform a compressing proxy would hold events back.
    'cache-control': 'no-store, no-transform',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  }
  return new Response(body, { headers })
}
