import type { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

const RETRY_AFTER_S = 2
const shared = globalThis as unknown as Record<symbol, unknown>

/**
 * The answer that is being rendered, while its status can still be changed. Next gives a page no say in it, so
 * scripts/server.mjs hands the response on, for documents alone: Next's own fetch takes anything but a 200 as a reason to
 * load the whole page anew.
 */
function unsent(): ServerResponse | null {
  const answering = shared[Symbol.for('tidemark.document')] as AsyncLocalStorage<ServerResponse> | undefined
  const response = answering?.getStore()
  return response === undefined || response.headersSent ? null : response
}

/** Makes the answer that is being rendered a 503. */
export function answerUnavailable(): void {
  const response = unsent()
  if (response === null) return
  response.statusCode = 503
  response.setHeader('retry-after', RETRY_AFTER_S)
}

/** Makes it a 410: what the address led to has ended. */
export function answerGone(): void {
  const response = unsent()
  if (response !== null) response.statusCode = 410
}
