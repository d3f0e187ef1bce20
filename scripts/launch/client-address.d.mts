import type { IncomingMessage } from 'node:http'

export function createClientNaming(text?: string): (
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'> & {
    readonly socket: { readonly remoteAddress?: string | undefined }
  },
) => void
