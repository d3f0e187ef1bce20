import { createHmac } from 'node:crypto'
import { createContext } from '#lib/application/create-context.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { createRouter } from '#lib/http/router.ts'
import { createNodeListener } from '#lib/http/node-listener.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { createServer } from 'node:http'
import { once } from 'node:events'
const secret = new Uint8Array(32)
const log = { info() {}, warn: console.error, error: console.error }
const ctx = createContext({ storage: openMemoryStorage(), clock: Date, random: Math.random, ids: () => uuidv7(Date.now(), Math.random), secret,
  mac: (d: Uint8Array) => new Uint8Array(createHmac('sha256', secret).update(d).digest()), log, metrics: createMetrics(), processId: 'x' })
const fleet = await createFleet(ctx, { actor: SYSTEM, body: { name: 'bench' } })
for (const body of DEMO_COLLECTIONS) await createCollection(ctx, { actor: SYSTEM, fleetId: fleet.id, body })
const { key } = await createEnrollmentKey(ctx, { actor: SYSTEM, fleetId: fleet.id, body: { name: 'k' } })
const listener = createNodeListener(createRouter({ ctx, metrics: async () => new Response(''), isDraining: () => false }))
const server = createServer((q, s) => void listener(q, s)).listen(0, '127.0.0.1')
await once(server, 'listening')
process.once('SIGTERM', () => process.exit(0))
process.send?.({ url: `http://127.0.0.1:${(server.address() as any).port}`, key })
