import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import type { PushTx, Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { TestApp } from '#tests/support/device-world.ts'
import { testApp } from '#tests/support/device-world.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { PushingDevice } from '../push/push-bodies.ts'
import { pushOfReports, strikeReportSource } from '../push/push-bodies.ts'
import { inTurns } from '../rounds.ts'
import { setUpFleet } from '../set-up-fleet.ts'

const PUSHES = 400
const CONCURRENCY = 16
const ORIGIN = 'http://bench.test'

/** Pushes with the events that they leave, beside the same ones without: what measuring costs. */
export async function benchTelemetry(database: BenchDatabase): Promise<string> {
  const storage = await openPostgresStorage({ url: database.env.DATABASE_URL })
  try {
    await storage.maintenance.ensurePartitions(Date.now(), 1)
    const rows: string[][] = []
    for (const mutations of [50, 1]) {
      const { told, mute } = await inTurns(
        {
          told: await pusher(storage, mutations),
          mute: await pusher(withoutEvents(storage), mutations),
        },
        { warmUp: 3, measured: 7 },
      )
      rows.push([
        mutations === 1 ? 'one mutation a push' : `${mutations} mutations a push`,
        whole(told.perSecond),
        whole(mute.perSecond),
        `${((mute.perSecond / told.perSecond - 1) * 100).toFixed(0)} %`,
        `${((told.cpuUs / mute.cpuUs - 1) * 100).toFixed(0)} %`,
      ])
    }
    return markdownTable(
      `What telemetry costs a push, ${CONCURRENCY} at a time, without a connection (mark: 15 %)`,
      ['what', 'pushes/s', 'without events', 'longer by', 'Node CPU more by'],
      rows,
    )
  } finally {
    await storage.close()
  }
}

/** The same storage, which forgets the events of pushes. */
function withoutEvents(storage: Storage): Storage {
  const mute = (tx: PushTx): PushTx => ({
    load: (plan) => tx.load(plan),
    write: (writes) => tx.write({ ...writes, events: [] }),
    writeLast: (writes) => tx.writeLast({ ...writes, events: [] }),
  })
  const sync: Storage['sync'] = {
    ...storage.sync,
    transact: (fleetId, work) => storage.sync.transact(fleetId, (tx) => work(mute(tx))),
  }
  return { ...storage, sync }
}

/** A round of pushes by sixteen devices of a fleet of their own. */
async function pusher(storage: Storage, mutations: number) {
  const app = testApp(storage)
  const { enrollmentKey } = await setUpFleet(app.ctx, `${SYSTEM.name} ${app.ctx.ids()}`)
  const devices = await Promise.all(
    Array.from({ length: CONCURRENCY }, (_, n) => enroll(app, enrollmentKey, n)),
  )
  const report = strikeReportSource()
  return async () => {
    const [startMs, before] = [performance.now(), process.cpuUsage()]
    await Promise.all(
      devices.map(async (device) => {
        for (let n = 0; n < PUSHES / CONCURRENCY; n++)
          await post(app, '/api/v1/push', device.token, pushOfReports(device, mutations, report), 200)
      }),
    )
    const { user, system } = process.cpuUsage(before)
    return { perSecond: (PUSHES * 1_000) / (performance.now() - startMs), cpuUs: (user + system) / PUSHES }
  }
}

async function enroll(app: TestApp, key: string, n: number): Promise<PushingDevice> {
  const device = { name: `bench ${n}`, platform: 'linux', appVersion: '1.0.0' }
  const answer = await post(app, '/api/v1/enroll', key, { requestId: app.ctx.ids(), device }, 201)
  const { deviceId, token, epoch } = (await answer.json()) as EnrollResponse
  return { id: deviceId, token, epoch, seq: 0 }
}

async function post(
  app: TestApp,
  path: string,
  token: string,
  body: object,
  status: number,
): Promise<Response> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'tidemark-app': '1.0.0;linux',
  }
  const request = new Request(ORIGIN + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const answer = await app.router.handle(request)
  if (answer?.status !== status)
    throw new Error(`${path} was answered ${answer?.status}: ${await answer?.text()}`)
  return answer
}
