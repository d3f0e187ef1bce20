import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export const STOP_TIMEOUT_MS: number
export function createStop(server: Server): {
  track(request: IncomingMessage, response: ServerResponse): void
  hasBegun(socket: Socket): boolean
  ask(): boolean
  drain(ms: number): Promise<void>
  close(): Promise<void>
}
