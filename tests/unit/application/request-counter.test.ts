import { expect, it } from 'vitest'
import { RequestCounter, VERSION_UNUSED_MS } from '#lib/application/request-counter.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { eventAt, pushEvent, pushedCollection } from '#tests/support/telemetry-fixtures.ts'

function world() {
  const inner = openMemoryStorage()
  const state = { nowMs: 1_000, fail: false, appended: [] as TelemetryEvent[] }
  const append: Storage['telemetry']['append'] = async (fleetId, events) => {
    if (state.fail || fleetId === 'sick') throw new Error('away')
    state.appended.push(...events)
  }
  const storage = { ...inner, telemetry: { ...inner.telemetry, append } }
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const clock = { now: () => state.nowMs }
  const metrics = createMetrics()
  const counter = new RequestCounter({ storage, clock, log, metrics, processId: 'p' })
  const answered = (appVersion: string, fleetId = 'f') =>
    counter.count(fleetId, { route: 'pull', statusClass: '2xx', code: null, platform: 'ios', appVersion })
  return { counter, metrics, state, answered }
}

it('adds up what was answered since the last flush, and writes it once', async () => {
  const { counter, state, answered } = world()
  for (let i = 0; i < 3; i++) answered('1.0')
  await counter.flush()
  await counter.flush()
  expect(state.appended).toHaveLength(1)
  expect(state.appended[0]).toMatchObject({ atMs: 1_000, payload: { process: 'p', counts: [{ count: 3 }] } })
})

it('[alerts] counts refused credentials for the fleet that they name, apart from its requests; of a fleet that is none, nothing', async () => {
  const { counter, metrics, state } = world()
  metrics.addFleet('f')
  for (const fleetId of ['f', 'f', 'made up']) counter.countRejected(fleetId)
  await counter.flush()
  await counter.flush()
  expect(state.appended).toHaveLength(1)
  expect(state.appended[0]).toMatchObject({ payload: { counts: [], rejected: 2 } })
})

it('repeats an event that could not be written under the same id, and counts what it gives up', async () => {
  const { counter, metrics, state, answered } = world()
  state.fail = true
  for (let second = 0; second < 130; second++) {
    answered('1.0')
    await counter.flush().catch(() => undefined)
  }
  state.fail = false
  await counter.flush()
  expect(state.appended).toHaveLength(120)
  expect(new Set(state.appended.map(({ id }) => id)).size).toBe(state.appended.length)
  expect((await metrics.render()).body).toContain('tidemark_request_counts_lost_total 10')
})

it('writes what it counted for the other fleets when one fails', async () => {
  const { counter, state, answered } = world()
  answered('1.0', 'sick')
  answered('1.0', 'well')
  await expect(counter.flush()).rejects.toThrow('away')
  expect(state.appended).toHaveLength(1)
})

it('tells at most 100 app versions of a fleet apart', async () => {
  const { counter, state, answered } = world()
  for (let i = 0; i < 150; i++) answered(`1.${i}`)
  await counter.flush()
  const [event] = state.appended
  if (event?.payload.kind !== 'requests') throw new Error('requests expected')
  expect(event.payload.counts).toHaveLength(101)
  expect(event.payload.counts.find(({ appVersion }) => appVersion === 'other')?.count).toBe(50)
})

it('a version that is called as all of them together are is another one, so that no table loses it', () => {
  expect(world().counter.liveVersion('f', '*')).toBe('other')
})

it('a new version takes the place of one that nobody has named for an hour, and of no other', async () => {
  const { counter, metrics, state } = world()
  const first = Array.from({ length: APP_VERSIONS_LIVE_MAX }, (_, i) => `1.${i}`)
  for (const version of first) counter.liveVersion('f', version)
  const strikes = pushedCollection({ results: { applied: 1 } })
  for (const appVersion of ['1.0', '1.7'])
    metrics.observeEvent('f', eventAt(appVersion, 1, pushEvent({ appVersion, collections: { strikes } })))
  state.nowMs += VERSION_UNUSED_MS - 1
  expect(counter.liveVersion('f', '2.0')).toBe('other')
  for (const version of first) if (version !== '1.7') counter.liveVersion('f', version)
  state.nowMs += 1
  expect(counter.liveVersion('f', '2.0')).toBe('2.0')
  expect([counter.liveVersion('f', '1.7'), counter.liveVersion('f', '1.0')]).toEqual(['other', '1.0'])
  // What was shown under it goes, so that a process never shows more than it tells apart.
  const { body } = await metrics.render()
  expect([body.includes('app_version="1.7"'), body.includes('app_version="1.0"')]).toEqual([false, true])
})
