import type { IncomingMessage, ServerResponse } from 'node:http'

export function compressedFiles(
  folder: string,
  place: string,
): (request: IncomingMessage, response: ServerResponse) => boolean
export function takesBrotli(accepted?: string): boolean
