import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { GrownHeads, SignalListener, SignalPort } from '../signal-port.ts'
import { plainTexts } from './arrays.ts'
import type { Database, Statement } from './database.ts'

const CHANNEL = 'tidemark_grown'
/** Told within the transaction that saves a control of a breaker. */
export const CONTROLLED_CHANNEL = 'tidemark_controlled'
/** PostgreSQL takes 8,000 bytes a message; a collection's name has 64 characters at most. */
const COLLECTIONS_PER_MESSAGE_MAX = 20
const CONNECT_TIMEOUT_MS = 5_000
const RECONNECT_MS = 1_000
/** A server that is silent never says goodbye. */
const GOODBYE_MS = 1_000
/** A partition cuts a connection off without a word: it is asked now and then whether it is still there. */
const ASKED_EVERY_MS = 5_000

/** Told after the commit, so that nobody's transaction waits for it; a hint that a crash loses need not be on the disk. */
const TELL: Statement = {
  name: 'signal_tell',
  text: `SELECT set_config('synchronous_commit', 'off', true), pg_notify('${CHANNEL}', m) FROM unnest($1::text[]) m`,
}

type Message = readonly [fleetId: string, heads: readonly (readonly [collection: string, version: number])[]]

/** @param directUrl a session of its own: LISTEN means nothing behind a transaction-mode pooler */
export function postgresSignals(
  database: Database,
  directUrl: string,
): SignalPort & { readonly close: () => Promise<void> } {
  const listening = new Set<() => Promise<void>>()
  return {
    tell: (grown) =>
      database.inGlobal(async (send) => {
        await send(TELL, [plainTexts(messagesOf(grown))])
      }),
    listen: (listener) => {
      const over = new AbortController()
      const running = listenUntil(directUrl, listener, over.signal)
      const stop = async (): Promise<void> => {
        listening.delete(stop)
        over.abort()
        await running
      }
      listening.add(stop)
      return stop
    },
    close: async () => {
      await Promise.all([...listening].map((stop) => stop()))
    },
  }
}

function messagesOf(grown: GrownHeads): string[] {
  const messages: string[] = []
  for (const [fleetId, heads] of grown) {
    const all = [...heads]
    for (let i = 0; i < all.length; i += COLLECTIONS_PER_MESSAGE_MAX) {
      const message: Message = [fleetId, all.slice(i, i + COLLECTIONS_PER_MESSAGE_MAX)]
      messages.push(JSON.stringify(message))
    }
  }
  return messages
}

async function listenUntil(url: string, listener: SignalListener, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const reason = await listenOnce(url, listener, over)
    if (over.aborted) listener.hearing(false)
    else listener.hearing(false, reason)
    await pause(RECONNECT_MS, over)
  }
}

/** One connection's life. @returns why it ended */
async function listenOnce(url: string, listener: SignalListener, over: AbortSignal): Promise<string> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  })
  const broken = new AbortController()
  client.on('error', () => broken.abort())
  client.on('end', () => broken.abort())
  client.on('notification', ({ channel, payload }) => {
    if (channel === CONTROLLED_CHANNEL) return listener.controlled()
    const message = messageIn(payload ?? '')
    if (message) listener.grown(message[0], new Map(message[1]))
  })
  const ended = AbortSignal.any([over, broken.signal])
  try {
    await client.connect()
    await client.query(`LISTEN ${CHANNEL}; LISTEN ${CONTROLLED_CHANNEL}`)
    listener.hearing(true)
    while (!ended.aborted) {
      await pause(ASKED_EVERY_MS, ended)
      if (!ended.aborted) await client.query('SELECT 1')
    }
    return 'the connection is gone'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    // Where the connection is broken this fails too, and the reason is told already.
    const goodbye = client.end().catch(() => undefined)
    await Promise.race([goodbye, sleep(GOODBYE_MS, undefined, { ref: false })])
  }
}

/** Null for what isn't ours: whoever may log in to the database may send something on the channel. */
function messageIn(payload: string): Message | null {
  try {
    const message: unknown = JSON.parse(payload)
    return isMessage(message) ? message : null
  } catch {
    return null
  }
}

const isMessage = (value: unknown): value is Message =>
  Array.isArray(value) && typeof value[0] === 'string' && Array.isArray(value[1]) && value[1].every(isHead)

const isHead = (value: unknown): boolean =>
  Array.isArray(value) && typeof value[0] === 'string' && Number.isSafeInteger(value[1])

/** Ends early, and without a word, when the signal says so. Doesn't keep a closing process alive. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
