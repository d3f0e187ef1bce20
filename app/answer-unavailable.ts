import type { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

const RETRY_AFTER_S = 2
const shared = globalThis as unknown as Record<symbol, unknown>

/**
 * Makes the answer that is being rendered a 503. Next gives a page no say in its status, so scripts/server.mjs hands the
 * response on, for documents alone: Next's own fetch takes anything but a 200 as a reason to load the whole page anew.
 */
export function answerUnavailable(): void {
  const answering = shared[Symbol.for('tidemark.document')] as AsyncLocalStorage<ServerResponse> | undefined
  const response = answering?.getStore()
  if (response === undefined || response.headersSent) return
  response.statusCode = 503
  response.setHeader('retry-after', RETRY_AFTER_S)
}
