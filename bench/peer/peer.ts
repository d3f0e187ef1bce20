import { existsSync } from 'node:fs'
import type { PushRequest } from '#lib/protocol/push.ts'
import type { Processes, Server } from '../processes.ts'

/** How a server is spoken to: our device API, or that of CouchDB. */
export type Protocol = 'tidemark' | 'couchdb'

export const PEER = 'express-pouchdb on LevelDB, without fsync'
/** It acknowledges what is on the disk, as the others of a table of pushes do. */
export const SYNCED_PEER = 'express-pouchdb on LevelDB, with fsync'

/** Null where it isn't installed: it brings packages that nothing else has a use for (docs/bench.md). */
export const startPeer = (
  processes: Processes,
  name: typeof PEER | typeof SYNCED_PEER,
): Promise<Server> | null =>
  existsSync(new URL('./npm/node_modules', import.meta.url))
    ? processes.server(new URL('./server.ts', import.meta.url), name === SYNCED_PEER ? ['synced'] : [])
    : null

export const PEER_MISSING =
  '\nNot installed, so not in the table: express-pouchdb (`npm ci --ignore-scripts --prefix bench/peer/npm`).'

/** A push as a client of each sends it. */
export const pushIn = (protocol: Protocol, push: PushRequest) =>
  protocol === 'tidemark' ? { path: '/api/v1/push', body: JSON.stringify(push) } : bulkDocs(push)

/** The status of a push that went well. */
export const PUSHED: Readonly<Record<Protocol, number>> = { tidemark: 200, couchdb: 201 }

const bulkDocs = ({ mutations }: PushRequest) => ({
  path: '/bench/_bulk_docs',
  body: JSON.stringify({
    docs: mutations.map(({ recordId, op }) => ({ _id: recordId, ...(op.type === 'put' ? op.data : {}) })),
  }),
})

/** What a pull is in each protocol: where to ask, and how the answer ends. */
export interface PullProtocol {
  readonly pathOf: (token: string | null) => string
  /** From the end of an answer's text, read without parsing all of it. */
  readonly endOf: (
    text: string,
    token: string | null,
  ) => { readonly token: string; readonly hasMore: boolean }
  readonly idsOf: (text: string) => readonly string[]
}

const OUR_END = /"token":"([^"]+)","hasMore":(true|false)/
const COUCH_END = /"last_seq":(\d+)/

export const PULLS: Readonly<Record<Protocol, PullProtocol>> = {
  tidemark: {
    pathOf: (token) => {
      const query = new URLSearchParams({
        collections: 'strike-reports',
        ...(token === null ? {} : { token }),
      })
      return `/api/v1/pull?${query}`
    },
    endOf: (text) => {
      const [token, hasMore] = lastMatch(OUR_END, text, '"token":')
      return { token, hasMore: hasMore === 'true' }
    },
    idsOf: (text) =>
      (JSON.parse(text) as { changes: { recordId: string }[] }).changes.map(({ recordId }) => recordId),
  },
  couchdb: {
    pathOf: (token) => `/bench/_changes?include_docs=true&limit=500&since=${token ?? 0}`,
    endOf: (text, token) => {
      const [last] = lastMatch(COUCH_END, text, '"last_seq":')
      return { token: last, hasMore: last !== (token ?? '0') }
    },
    idsOf: (text) => (JSON.parse(text) as { results: { id: string }[] }).results.map(({ id }) => id),
  },
}

function lastMatch(pattern: RegExp, text: string, from: string): [string, string] {
  const [, first, second = ''] = pattern.exec(text.slice(text.lastIndexOf(from))) ?? []
  if (first === undefined) throw new Error(`not the end of a page: ${text.slice(-200)}`)
  return [first, second]
}
