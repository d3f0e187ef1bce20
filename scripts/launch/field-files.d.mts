import type { IncomingMessage, ServerResponse } from 'node:http'

export function fieldFiles(folder: string): (request: IncomingMessage, response: ServerResponse) => boolean
