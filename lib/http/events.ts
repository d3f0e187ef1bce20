import type { Context } from '#lib/application/context.ts'
import { mayListenOn } from '#lib/application/devices/access.ts'
import type { Caller } from '#lib/application/devices/directory.ts'
import { ApplicationError } from '#lib/application/errors.ts'
import { wireCommands } from '#lib/application/devices/wire-commands.ts'
import type { Poke } from '#lib/application/sync/pokes.ts'
import { tellingTo } from './event-text.ts'

/** A comment now and then, so that what stands between keeps the connection. */
const KEEP_ALIVE_MS = 15_000
/** Then the device connects again, and shows a token that is good still. */
const STREAM_LIFE_MS = 10 * 60_000
const RETRY_AFTER_MS = 30_000
/** What may wait for a reader: past it the stream ends, and the device hears the rest with its next session. */
const STREAM_HELD_BYTES_MAX = 64 * 1024

/**
 * GET /events: what a device need not wait an interval for, as server-sent events.
 * @throws ApplicationError `shed` when the process holds as many streams of the fleet as it can
 */
export function openEvents(
  ctx: Context,
  device: Caller['device'],
  fleet: Caller['fleet'],
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let stop = (): void => undefined
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      const send = (text: string): void => {
        controller.enqueue(encoder.encode(text))
        if ((controller.desiredSize ?? 0) > 0) return
        stop()
        controller.error(new Error(`A reader of events has left ${STREAM_HELD_BYTES_MAX} bytes unread.`))
      }
      const textOf = tellingTo(device)
      const end = (): void => {
        stop()
        controller.close()
      }
      const hear = (poke: Poke): void => {
        if (poke.event === 'standings') return look(poke)
        const text = textOf(poke)
        if (text !== null) send(text)
      }
      const unlisten = ctx.pokes.listen(fleet.id, device.id, hear, end)
      if (!unlisten)
        throw new ApplicationError('shed', { retryAfterMs: RETRY_AFTER_MS, extra: { scope: 'events' } })
      const keepAlive = setInterval(() => send(KEEP_ALIVE), KEEP_ALIVE_MS)
      const look = ({ of }: Extract<Poke, { event: 'standings' }>): void => {
        const standing = of.get(device.id)
        if (standing !== undefined && !mayListenOn(device, standing)) end()
      }
      const life = setTimeout(end, STREAM_LIFE_MS)
      stop = () => {
        unlisten()
        clearInterval(keepAlive)
        clearTimeout(life)
      }
      send(KEEP_ALIVE)
      ctx.pokes.command(fleet.id, device.id, wireCommands(device, ctx.clock.now()))
    },
    cancel: () => stop(),
  }
  return new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: STREAM_HELD_BYTES_MAX }))
}

const KEEP_ALIVE = ': here\n\n'
