import { setTimeout as pause } from 'node:timers/promises'

/** What was asked before the end of the drain may take as long as this; then its connection is cut. */
const ANSWERS_TIMEOUT_MS = 12_000
/** A stream of events has no end of its own: its reader connects again, elsewhere. */
const STREAMS_GRACE_MS = 1_000
/** For all that comes behind the drain. */
export const STOP_TIMEOUT_MS = 25_000
/** npm passes a Ctrl-C on that the terminal has sent already: within this time two are one. */
const SAME_SIGNAL_MS = 1_000
const IDLE_CLOSED_EVERY_MS = 50

/**
 * How a server ends. While it drains it answers everything, each time as the last answer of its connection, so that whoever
 * asks again comes to another process; then it takes no more, finishes what it was asked, and is done.
 * @param {import('node:http').Server} server
 */
export function createStop(server) {
  /** @type {Map<import('node:http').ServerResponse, boolean>} answers under way, and whether each is a stream of events */
  const answering = new Map()
  let drains = false
  let hurry = () => {}
  let askedMs = null

  return {
    /** To be called for each request, before it is answered. */
    track(request, response) {
      answering.set(response, isStream(request))
      response.once('close', () => answering.delete(response))
      if (drains) response.setHeader('connection', 'close')
    },
    hasBegun: (socket) =>
      [...answering.keys()].some((response) => response.socket === socket && response.headersSent),
    /** True for the first of all signals. A later one ends the drain at once; what is under way is still finished. */
    ask() {
      const nowMs = performance.now()
      if (askedMs !== null && nowMs - askedMs >= SAME_SIGNAL_MS) hurry()
      const isFirst = askedMs === null
      askedMs ??= nowMs
      return isFirst
    },
    /** Resolves after so long, or at the next signal. */
    async drain(ms) {
      drains = true
      const enough = new AbortController()
      hurry = () => enough.abort()
      await pause(ms, null, { signal: enough.signal }).catch(() => {})
    },
    /** Resolves when no connection is left. */
    async close() {
      drains = true
      const closed = new Promise((resolve) => server.close(resolve))
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_CLOSED_EVERY_MS)
      const cut = (streamsAlone) => {
        for (const [response, isEvents] of answering) if (isEvents || !streamsAlone) response.destroy()
        // What has sent half a request has no answer yet, and holds its connection as well.
        if (!streamsAlone) server.closeAllConnections()
      }
      const timers = [setTimeout(cut, STREAMS_GRACE_MS, true), setTimeout(cut, ANSWERS_TIMEOUT_MS, false)]
      await closed
      clearInterval(idle)
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** By what it asks for, or by where: a device that reads its events need not say what it takes. */
const isStream = ({ headers, url = '' }) =>
  /\btext\/event-stream\b/.test(headers.accept ?? '') || url.split('?', 1)[0] === '/api/v1/events'
