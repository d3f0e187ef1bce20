import type { JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { Clock } from './clock.ts'
import type { Failure } from './failures.ts'
import type { Opened } from './transport.ts'

/** What a server says of its own accord (EV1). */
export interface ServerEvent {
  readonly type: string
  readonly data: JsonObject
}

export interface StreamEnd {
  /** It was a stream, and something came. */
  readonly heard: boolean
  /** Why there was none; null where it broke. */
  readonly failure: Failure | null
}

/** Three of the server's signs of life: then the connection counts as gone, whatever the network says. */
export const SILENCE_MS_MAX = 45_000
const EVENT_CHARS_MAX = 256 * 1024

/**
 * Reads events, one after the other, until the stream ends, falls silent, or `signal` fires. Throws only what `onEvent`
 * throws: of a connection that broke there is nobody to tell, and the next one is tried later.
 */
export async function readEvents(
  connect: (signal: AbortSignal) => Promise<Opened>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  onEvent: (event: ServerEvent) => Promise<void>,
): Promise<StreamEnd> {
  const limit = new AbortController()
  const cancel = (): void => limit.abort()
  signal.addEventListener('abort', cancel)
  let timer = clock.setTimeout(cancel, SILENCE_MS_MAX)
  let heard = false
  try {
    // No connection is how such a stream ends, and is told by `failure`: the caller comes back after a pause.
    const { body, failure } = await connect(limit.signal).catch(() => BROKEN)
    if (!body) return { heard, failure }
    const reader = body.getReader()
    // Not every fetch ends a read when it is aborted. One that broke says so to the read.
    limit.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined))
    const decoder = new TextDecoder()
    let rest = ''
    for (;;) {
      // A stream that breaks has ended: whoever listens connects again, and pulls what was missed.
      const { done, value } = await reader.read().catch(() => ENDED)
      if (done || limit.signal.aborted) break
      heard = true
      clock.clearTimeout(timer)
      timer = clock.setTimeout(cancel, SILENCE_MS_MAX)
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/)
      rest = blocks.pop() ?? ''
      if (rest.length > EVENT_CHARS_MAX) break
      for (const event of blocks.map(parseEvent)) if (event) await onEvent(event)
    }
    return { heard, failure: null }
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

const BROKEN = { body: null, failure: null } as const
const ENDED = { done: true, value: undefined } as const

/** Null for a comment, and for what is no event of ours. */
function parseEvent(block: string): ServerEvent | null {
  const lines = block.split(/\r?\n/)
  const field = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trimStart()
  const type = field('event')
  try {
    const data: unknown = JSON.parse(field('data') ?? '')
    return type !== undefined && isJsonObject(data) ? { type, data } : null
  } catch {
    // Another server's event, or a half one: a poke that is missed is made good by the next pull.
    return null
  }
}
