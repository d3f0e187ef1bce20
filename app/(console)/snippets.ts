/** Ways in, to paste; `origin` is this server's address and `key` the one to use, or what stands for it. All pure. */

export const sessionsSnippet = (origin: string, key = 'tmi_…'): string =>
  `curl ${origin}/api/v1/ingest/sessions \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d '{"sessions":[{
    "sessionId":"sync-1", "client":{"id":"till-7","name":"Till 7","platform":"android","appVersion":"3.1"},
    "startedAt":"'$(date -u +%FT%TZ)'", "endedAt":"'$(date -u +%FT%TZ)'", "result":"ok", "pushed":4}]}'`

export const otlpSnippet = (origin: string, key = 'tmi_…'): string =>
  `OTEL_EXPORTER_OTLP_ENDPOINT=${origin}/api/otlp
OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20${key}`

/** As the README has it; `collection` is one that the fleet has. */
export const sdkSnippet = (origin: string, collection = 'notes', key = 'tme_…'): string =>
  `// device.ts, in the checkout; npx tsx device.ts
import { openReplica } from './lib/client/open-replica.ts'
import { openSqliteStore } from './lib/client/sqlite-store.ts'

const replica = await openReplica({
  url: '${origin}',
  enrollmentKey: '${key}',
  device: { name: 'My first device', platform: 'linux', appVersion: '1.0.0' },
  store: openSqliteStore('device.db'),
  sync: { auto: false },
})
console.log(await replica.sync())
console.log(await replica.collection('${collection}').query())
await replica.close()`
