import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { EMPTY_STATE, addToState, formatStates, stateText } from '#lib/engine/state-hash.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { TestDevice } from '#tests/support/device-world.ts'
import { bodyOf, newUuid } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { sessionsOfDevice } from '#tests/support/sessions-of.ts'

const DAY_MS = 86_400_000
let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const hashOf = (rows: readonly { recordId: string; version: number; data: JsonObject | null }[]): string =>
  stateText(
    rows.reduce(
      (state, row) => (row.data ? addToState(state, { ...row, data: row.data }) : state),
      EMPTY_STATE,
    ),
  )

/** Reports a session that tells this state; the verdict of the answer. */
async function tell(device: TestDevice, stateHash: string, stateToken: string): Promise<unknown> {
  const at = new Date().toISOString()
  const counts = {
    pushed: 0,
    pulled: 0,
    conflicts: 0,
    deadLettered: 0,
    queueDepthBefore: 0,
    queueDepthAfter: 0,
  }
  const session = {
    sessionId: newUuid(),
    mode: 'delta',
    startedAt: at,
    endedAt: at,
    result: 'ok',
    transitions: [],
    attempts: [],
    ...counts,
    stateHash,
    stateToken,
  }
  const answer = await device.send('POST', '/api/v1/sessions', { body: { sessions: [session] } })
  return ((await bodyOf(answer))['results'] as JsonObject[])[0]?.['resync']
}

describe('the state hash over HTTP and PostgreSQL', () => {
  it('[SH1] compares at the positions of the token, whatever was written since', async () => {
    const device = await world.device()
    const [a, b, c] = [device.mutation(), device.mutation(), device.mutation()]
    await device.pushed([a, b, c])
    const page = await device.pulled()
    const told = formatStates({ notes: hashOf(page.changes) })
    expect(await tell(device, told, page.token)).toBeUndefined()
    const writer = await world.device()
    await writer.pushed([
      writer.mutation({ recordId: a.recordId, baseVersion: 1, op: { type: 'patch', set: { count: 9 } } }),
      writer.mutation({ recordId: b.recordId, baseVersion: 2, op: { type: 'delete' } }),
      writer.mutation(),
    ])
    expect(await tell(device, told, page.token)).toBeUndefined()
    expect(await tell(device, formatStates({ notes: hashOf(page.changes.slice(1)) }), page.token)).toBe(
      'state_hash',
    )
    const changed = page.changes.map((row, i) => (i === 1 ? { ...row, data: { title: 'another' } } : row))
    expect(await tell(device, formatStates({ notes: hashOf(changed) }), page.token)).toBe('state_hash')
    expect(await tell(device, 'nonsense', page.token)).toBeUndefined()
    expect(await tell(device, told, 'no token')).toBeUndefined()
    expect(await tell(writer, formatStates({ notes: hashOf(changed) }), page.token)).toBeUndefined()
    const { body } = await world.app.ctx.metrics.render()
    expect(body).toMatch(/tidemark_state_checks_total\{[^}]*result="differs"[^}]*\} 2/)
  })

  it('[SH1] a device whose store went wrong reads everything anew, once a day at most, and keeps its work', async () => {
    const disk = createMemoryDisk()
    const sync = { auto: false, stateToldEveryMs: DAY_MS }
    const replica = await world.replica({ store: openMemoryStore(disk), sync })
    const { recordId } = await replica.collection('notes').put(null, { title: 'right' })
    await replica.sync()
    await replica.sync()
    const [key, text] = [...disk.tables.records].find(([, row]) => row.includes(recordId)) ?? ['', '']
    disk.tables.records.set(key, text.replace('right', 'wrong'))
    const pending = await replica.collection('notes').put(null, { title: 'waits' })
    world.clock.aheadMs = DAY_MS + 1_000
    try {
      await replica.sync()
      expect(await replica.collection('notes').get(recordId)).toMatchObject({ data: { title: 'wrong' } })
      await replica.sync()
      expect(await replica.collection('notes').get(recordId)).toMatchObject({ data: { title: 'right' } })
      expect(await replica.collection('notes').get(pending.recordId)).toMatchObject({
        data: { title: 'waits' },
      })
      disk.tables.records.set(key, (disk.tables.records.get(key) ?? '').replace('right', 'wrong'))
      for (let n = 0; n < 3; n++) await replica.sync()
      const reasons = await fullReasons(replica.deviceId)
      expect(reasons.filter((reason) => reason === 'state_hash')).toHaveLength(1)
      world.clock.aheadMs += DAY_MS
      await replica.sync()
      await replica.sync()
      expect(await replica.collection('notes').get(recordId)).toMatchObject({ data: { title: 'right' } })
    } finally {
      world.clock.aheadMs = 0
    }
    await replica.close()
  })

  it('[SH1] a healthy device is found equal, with deletes, edits of others and its own in between', async () => {
    const replica = await world.replica({ sync: { auto: false, stateToldEveryMs: 1 } })
    const writer = await world.device()
    for (let n = 0; n < 4; n++) {
      const { recordId } = await replica.collection('notes').put(null, { title: `mine ${n}` })
      await replica.sync()
      await writer.pushed([
        writer.mutation(),
        writer.mutation({ recordId, op: { type: 'put', data: { title: 'theirs' } } }),
      ])
      if (n % 2) await replica.collection('notes').remove(recordId)
      await replica.sync()
    }
    await replica.sync()
    expect((await fullReasons(replica.deviceId)).filter((reason) => reason === 'state_hash')).toEqual([])
    const client = new pg.Client({ connectionString: world.databaseUrl })
    await client.connect()
    const told = await client.query('SELECT extras FROM sync_session WHERE device_id = $1', [
      replica.deviceId,
    ])
    await client.end()
    expect(
      told.rows.filter(({ extras }: { extras: JsonObject }) => extras['stateHash'] !== undefined).length,
    ).toBeGreaterThan(3)
    expect(JSON.stringify(told.rows)).not.toContain('stateToken')
    await replica.close()
  })
})

async function fullReasons(deviceId: string): Promise<readonly (string | undefined)[]> {
  const filter = sessionsOfDevice(deviceId, 9 * DAY_MS)
  const page = await world.storage.sessions.list(world.fleet.fleetId, filter, { limit: 50, cursor: null })
  return page.items.map(({ fullReason }) => fullReason)
}
