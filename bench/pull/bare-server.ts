/** What answering costs at all: as many bytes as a poll with nothing new gets, under as many headers, and nobody is asked. */
import type { ServerResponse } from 'node:http'
import { SECURITY_LINES } from '#lib/http/security-lines.ts'
import { HEADERS } from '#lib/protocol/device.ts'
import { serve } from '../push/serve.ts'

const BODY = JSON.stringify({ changes: [], token: 'x'.repeat(340), hasMore: false, snapshots: {} })
const LINES = [
  ...SECURITY_LINES,
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
  HEADERS.version,
  '1',
  HEADERS.rateLimit,
  '"device";r=11999;t=1, "fleet";r=599999;t=1',
  HEADERS.rateLimitPolicy,
  '"device";q=12000;w=60, "fleet";q=600000;w=60',
  HEADERS.config,
  '7',
  HEADERS.epoch,
  '1',
  HEADERS.commands,
  '[]',
  'content-type',
  'application/json',
  'etag',
  `"${'0'.repeat(32)}"`,
  'vary',
  'accept-encoding',
  'content-length',
  String(BODY.length),
]

await serve(
  (_request, response: ServerResponse) => {
    response.writeHead(200, [...LINES, HEADERS.now, String(Date.now())]).end(BODY)
  },
  async () => {},
)
