import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'

export function createHttpServer(
  options: ServerOptions,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Server
export function ignoreUpgrades(server: Server): void
