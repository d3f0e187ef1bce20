import { authorize } from '#lib/application/access/authorize.ts'
import { ApplicationError, isApplicationError } from '#lib/application/errors.ts'
import { watchOf, type News } from '#lib/application/live/fleet-watch.ts'
import type { FleetCall } from './table.ts'

const STREAMS_MAX = 200
export const STREAMS_PER_ACTOR_MAX = 10
/** How often a stream asks whether its reader may still read. */
const RECHECK_EVERY_MS = 5_000
const KEEP_ALIVE_MS = 15_000
const RETRY_AFTER_MS = 5_000

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Without no-transform a compressing proxy would hold events back.
  'cache-control': 'no-store, no-transform',
  'x-content-type-options': 'nosniff',
  'x-accel-buffering': 'no',
}

/**
 * GET /stream: server-sent events that say what changed in the fleet, at most once a second:
 * `{"event":"changed","topics":[…]}`. What it is now, the reader asks for itself. An event named `database` says that
 * the database is away, and that it is back: `{"event":"database","answers":false}`. It ends when its reader is signed
 * out or loses the role, and with the connection.
 * @throws ApplicationError `shed`, `rate_limited` at the bound of open streams
 */
export async function openStream(
  call: FleetCall,
  recheckEveryMs: number = RECHECK_EVERY_MS,
): Promise<Response> {
  const release = reserve(call.actor.id)
  const encoder = new TextEncoder()
  let stop: () => void = release
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => controller.enqueue(encoder.encode(text))
      const unlisten = watchOf(call.ctx, call.fleetId).listen((news) => send(eventText(news)))
      const keepAlive = setInterval(() => send(': still here\n\n'), KEEP_ALIVE_MS)
      const recheck = setInterval(() => void endUnlessAllowed(), recheckEveryMs)
      stop = once(() => {
        unlisten()
        clearInterval(keepAlive)
        clearInterval(recheck)
        release()
      })
      const end = once(() => {
        stop()
        controller.close()
      })
      const endUnlessAllowed = async (): Promise<void> => {
        if (!(await mayStillRead(call)) && !call.request.signal.aborted) end()
      }
      const { signal } = call.request
      signal.addEventListener('abort', stop, { once: true })
      send(': open\n\n')
      // A reader who left before this was written is told of by no event any more: the place would be taken for good.
      if (signal.aborted) end()
    },
    cancel: () => stop(),
  })
  return new Response(body, { headers: HEADERS })
}

/** A change has no name of its own, so that `EventSource.onmessage` hears it. */
const eventText = (news: News): string =>
  `${news.event === 'changed' ? '' : `event: ${news.event}\n`}data: ${JSON.stringify(news)}\n\n`

async function mayStillRead(call: FleetCall): Promise<boolean> {
  try {
    authorize(await call.reauthenticate(), call.fleetId, 'viewer')
    return true
  } catch (error) {
    if (isApplicationError(error)) return false
    // The database is away: that ends nobody's session.
    call.ctx.log.warn('a stream was not checked', { error: String(error) })
    return true
  }
}

/** Open streams of this process by actor. */
const open = new Map<string, number>()

/** Takes a place; what it returns gives it back, once. */
function reserve(actorId: string): () => void {
  const own = open.get(actorId) ?? 0
  if (own >= STREAMS_PER_ACTOR_MAX)
    throw new ApplicationError('rate_limited', { retryAfterMs: RETRY_AFTER_MS })
  const all = [...open.values()].reduce((sum, count) => sum + count, 0)
  if (all >= STREAMS_MAX) throw new ApplicationError('shed', { retryAfterMs: RETRY_AFTER_MS })
  open.set(actorId, own + 1)
  return once(() => {
    const left = (open.get(actorId) ?? 1) - 1
    if (left > 0) open.set(actorId, left)
    else open.delete(actorId)
  })
}

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    act()
  }
}
