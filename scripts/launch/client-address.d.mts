import type { IncomingMessage } from 'node:http'

export function createClientNaming(
  text?: string,
): (
  request: Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string } },
) => void
