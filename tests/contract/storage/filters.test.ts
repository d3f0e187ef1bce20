import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PLATFORMS } from '#lib/protocol/device.ts'
import { SESSION_RESULTS } from '#lib/protocol/session.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'
import { DEVICE_FACETS, DEVICE_FIELDS, DEVICE_SORTS } from '#lib/query/device-fields.ts'
import { countFacets, splitFilter } from '#lib/query/facets.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { frozen } from '#lib/query/frozen.ts'
import { LETTER_FACETS, LETTER_FIELDS, PAYLOAD_UNREAD } from '#lib/query/letter-fields.ts'
import { matchesFilter } from '#lib/query/matches-filter.ts'
import { SESSION_FACETS, SESSION_FIELDS } from '#lib/query/session-fields.ts'
import { deviceReader, sortValueOf } from '#lib/storage/device-values.ts'
import { LETTER_READER } from '#lib/storage/letter-values.ts'
import type {
  DeadLetterRow,
  Device,
  DevicePlace,
  ListedSession,
  SessionRow,
  Storage,
} from '#lib/storage/ports.ts'
import { SESSION_READER } from '#lib/storage/session-values.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'
import { filters } from '#tests/support/filter-arbitraries.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  collectionOf,
  commit,
  DAY_MS,
  letterEffect,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  sessionOf,
} from './world.ts'

const MINUTE = 60_000
const ROWS = 120
const FILTERS = 150
/** Texts that rows have, whole or in part, in other letters, or not at all. */
const NAMES = ['DFW-0001', 'dfw-0002', 'Gate 4, left', 'a\\b', 'nul\0nul', '100%_x', '"q"'] as const
const texts = fc.constantFrom(
  ...NAMES,
  'dfw-0001',
  '1.0',
  '2.0',
  'reports',
  'notes',
  'powersync',
  'tidemark',
  'timeout',
  'W-0',
  '\\',
  '%',
  '\0',
  'zz',
)

const sessions = fc.record({
  deviceName: fc.constantFrom(...NAMES),
  platform: fc.constantFrom(...PLATFORMS),
  appVersion: fc.constantFrom('1.0', '2.0', 'reports'),
  mode: fc.constantFrom('delta' as const, 'full' as const),
  result: fc.constantFrom(...SESSION_RESULTS),
  tookMs: fc.constantFrom(0, 1, 5, 3 * MINUTE, 70_000),
  endedAtMs: fc.nat({ max: 90 }).map((minutes) => NOW_MS - minutes * MINUTE),
  conflicts: fc.constantFrom(0, 0, 2),
  deadLettered: fc.constantFrom(0, 0, 1),
  illegalTransitions: fc.constantFrom(0, 0, 1),
  inferred: fc.boolean(),
  queueDepthAfter: fc.nat({ max: 5 }),
  pushed: fc.nat({ max: 5 }),
  pulled: fc.nat({ max: 100_000 }),
  codes: fc.array(fc.constantFrom('timeout', 'a"b\\', 'nul\0nul'), { maxLength: 3 }),
  collections: fc.array(fc.constantFrom('reports', 'notes'), { maxLength: 2 }),
  lagMs: fc.constantFrom(0, 5, MINUTE, 7 * MINUTE),
  source: fc.constantFrom(null, null, 'powersync'),
})

async function storeSessions(storage: Storage, fleetId: string): Promise<readonly ListedSession[]> {
  const devices = [await makeDevice(storage, fleetId), await makeDevice(storage, fleetId)] as const
  const expected: ListedSession[] = []
  const heads = new Map<string, number>()
  for (const [i, one] of fc.sample(sessions, { numRuns: ROWS, seed: 7 }).entries()) {
    const { tookMs, codes, collections, lagMs, source, ...told } = one
    const deviceId = devices[i % 2 === 0 ? 0 : 1].id
    const attempts = codes.map((code) => ({
      kind: 'push' as const,
      startedAt: '2026-06-15T11:59:58.100Z',
      durationMs: 8,
      status: 503,
      code,
    }))
    const row: SessionRow = sessionOf(fleetId, deviceId, {
      ...told,
      ...(source === null ? {} : { source }),
      startedAtMs: told.endedAtMs - tookMs,
      attempts,
    })
    const { sessionId } = row
    if (collections.length > 0) {
      const pushes = collections.flatMap((collection) => {
        const change = { deviceId, sessionId, collection }
        const version = (heads.get(collection) ?? 0) + 1
        heads.set(collection, version)
        const committed = { ...change, version, madeAtMs: NOW_MS - lagMs }
        // What waits for a person made no version, so that it has no upload lag.
        return [changeOf(committed), changeOf({ ...change, version: null, madeAtMs: NOW_MS - 9 * MINUTE })]
      })
      await commit(storage, fleetId, () => pushes, { sessions: [{ sessionId, deviceId }] }, [
        ...new Set(collections),
      ])
    }
    await storage.sessions.store(fleetId, [row], [])
    expected.push({
      ...row,
      collections: [...new Set(collections)].toSorted(),
      lagMs: collections.length > 0 ? lagMs : null,
    })
  }
  return expected
}

const devices = fc.record({
  name: fc.constantFrom(...NAMES),
  platform: fc.constantFrom(...PLATFORMS),
  appVersion: fc.constantFrom('1.0', '2.0'),
  contactMs: fc.option(fc.nat({ max: 40 }).map((minutes) => NOW_MS + MINUTE - minutes * MINUTE)),
  report: fc.option(
    fc.record({
      state: fc.constantFrom(...SESSION_STATES),
      depth: fc.constantFrom(0, 1, 5, 2_000),
      oldestMadeAtMs: fc.option(fc.nat({ max: 60 }).map((minutes) => NOW_MS - minutes * MINUTE)),
      offsetMs: fc.option(fc.integer({ min: -70_000, max: 70_000 })),
    }),
  ),
  command: fc.constantFrom(null, null, null, 'pause', 'revoke'),
})

async function storeDevices(storage: Storage, fleetId: string): Promise<readonly Device[]> {
  const ids: string[] = []
  for (const { name, platform, appVersion, contactMs, report, command } of fc.sample(devices, {
    numRuns: ROWS,
    seed: 7,
  })) {
    const { id } = await makeDevice(storage, fleetId, { name, platform, appVersion })
    ids.push(id)
    const told = report && { seq: 1, nonce: 'n', byCollection: {}, rttMs: 9, atMs: contactMs ?? 0, ...report }
    if (contactMs !== null)
      await storage.devices.touch(fleetId, id, { atMs: contactMs, appVersion, platform, report: told })
    if (command === null) continue
    const status = command === 'pause' ? 'paused' : 'revoked'
    const order = { command: null, status, nowMs: NOW_MS } as const
    await storage.devices.command(fleetId, id, order, audit(`device.${command}`, { fleetId }))
  }
  const seen = NAMES.map((name, i) => ({
    id: randomUUID(),
    name,
    platform: 'ios' as const,
    appVersion: '1.0',
    source: 'powersync',
    lastContactMs: i === 0 ? null : NOW_MS - i * MINUTE,
  }))
  await storage.ingest.seen(fleetId, seen, NOW_MS, seen.length)
  ids.push(...seen.map(({ id }) => id))
  const found = await Promise.all(ids.map((id) => storage.devices.get(fleetId, id)))
  return found.flatMap((device) => device ?? [])
}

const letters = fc.record({
  deviceName: fc.constantFrom(...NAMES),
  appVersion: fc.constantFrom('1.0', '2.0', 'reports'),
  code: fc.constantFrom('schema_mismatch', 'rule_violation', 'exhausted', 'too_large'),
  path: fc.constantFrom('/a/1', '/a/22', 'calm', '/W-0', null),
  detail: fc.constantFrom(...NAMES, 'timeout 12', 'zz'),
  collection: fc.constantFrom('reports', 'notes'),
  minutesAgo: fc.nat({ max: 90 }),
  replays: fc.constantFrom(0, 0, 0, 2, 3),
  fate: fc.constantFrom('open', 'open', 'discarded'),
  hasSession: fc.boolean(),
})

/** Reports mask nothing, notes something; of the others nobody has said it. */
async function makeCollections(storage: Storage, fleetId: string): Promise<void> {
  const notes = collectionOf(fleetId, { name: 'notes', masked: ['/reporter'] })
  for (const one of [collectionOf(fleetId), notes]) await storage.collections.create(one, audit())
}
const isSaidHidden = ({ code, mutation }: DeadLetterRow): boolean =>
  !PAYLOAD_UNREAD.includes(code) && mutation.collection !== 'reports'

async function storeLetters(
  storage: Storage,
  fleetId: string,
): Promise<readonly (DeadLetterRow & { readonly isSaidHidden: boolean })[]> {
  await makeCollections(storage, fleetId)
  const ids: string[] = []
  const devices = new Map<string, string>()
  for (const deviceName of NAMES)
    devices.set(deviceName, (await makeDevice(storage, fleetId, { name: deviceName })).id)
  for (const one of fc.sample(letters, { numRuns: ROWS, seed: 19 })) {
    const { deviceName, appVersion, code, path, detail, collection, minutesAgo, replays, fate } = one
    const committedAtMs = NOW_MS - minutesAgo * MINUTE
    const deadLetter = letterEffect({ code, path, detail })
    const deviceId = devices.get(deviceName) as string
    const base = { deviceId, collection, version: null, deadLetter, madeAtMs: committedAtMs - MINUTE }
    const change = {
      ...changeOf({ ...base, ...(one.hasSession ? { sessionId: randomUUID() } : {}) }),
      appVersion,
    }
    await commit(storage, fleetId, () => [change], { committedAtMs }, [collection])
    for (let n = 0; n < replays; n++)
      await commit(storage, fleetId, () => [{ ...change, replayOf: deadLetter.id }], { committedAtMs }, [
        collection,
      ])
    if (fate === 'discarded')
      await storage.deadLetters.discard(fleetId, deadLetter.id, [], NOW_MS, () => audit())
    ids.push(deadLetter.id)
  }
  const found = await Promise.all(ids.map((id) => storage.deadLetters.get(fleetId, id)))
  return found.flatMap((row) => (row ? [{ ...row, isSaidHidden: isSaidHidden(row) }] : []))
}

const BOUNDS = { fromMs: NOW_MS - DAY_MS, toMs: NOW_MS + DAY_MS }
const WHOLE = { limit: 500, cursor: null }

describe.each(BACKENDS)('filters on $name', (backend) => {
  const current = opened(backend)

  it('lists the sessions that the predicate takes', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const rows = await storeSessions(storage, fleetId)
    const [first] = rows
    const all = await storage.sessions.list(fleetId, { ...BOUNDS, conditions: [] }, WHOLE)
    const byId = (a: ListedSession, b: ListedSession): number => (a.sessionId < b.sessionId ? -1 : 1)
    expect(all.items.toSorted(byId)).toEqual(rows.toSorted(byId))
    const written = [
      'source:powersync',
      '-source:tidemark',
      'source:tidemark,powersync',
      'lag:>5s',
      '-lag:>5s',
      'collection:notes',
      `device:${first?.deviceId.toUpperCase()}`,
      `device:${randomUUID()},zz`,
    ]
    const asked = [
      ...written.map((q) => conditionsOf(q, SESSION_FIELDS)),
      ...fc.sample(filters(SESSION_FIELDS, texts, 3), { numRuns: FILTERS, seed: 11 }),
    ]
    let hits = 0
    for (const conditions of asked) {
      const expected = rows.filter((row) => matchesFilter(row, conditions, SESSION_FIELDS, SESSION_READER))
      const page = await storage.sessions.list(fleetId, { ...BOUNDS, conditions }, WHOLE)
      const ids = (of: readonly ListedSession[]) => of.map(({ sessionId }) => sessionId).toSorted()
      expect([formatFilter(conditions), ids(page.items)]).toEqual([formatFilter(conditions), ids(expected)])
      const facets = await storage.sessions.facets(fleetId, { ...BOUNDS, conditions })
      const { base } = splitFilter(conditions, SESSION_FACETS)
      const based = rows.filter((row) => matchesFilter(row, base, SESSION_FIELDS, SESSION_READER))
      expect(facets).toEqual(
        countFacets(based, ROWS, conditions, SESSION_FACETS, SESSION_FIELDS, SESSION_READER),
      )
      expect(facets.matching).toBe(expected.length)
      hits += expected.length > 0 && expected.length < rows.length ? 1 : 0
    }
    expect(hits).toBeGreaterThan(30)
  })

  it(
    'lists the devices that the predicate takes, in every order, page by page',
    { timeout: 30_000 },
    async () => {
      const { storage } = current()
      const { id: fleetId } = await makeFleet(storage)
      const rows = await storeDevices(storage, fleetId)
      const clock = { nowMs: NOW_MS, intervalMs: 5 * MINUTE }
      const reader = deviceReader(clock)
      let hits = 0
      for (const [i, conditions] of fc
        .sample(filters(DEVICE_FIELDS, texts, 2), { numRuns: FILTERS, seed: 13 })
        .entries()) {
        const sort = DEVICE_SORTS[i % DEVICE_SORTS.length] ?? 'contact'
        const expected = rows.filter((row) => matchesFilter(row, conditions, DEVICE_FIELDS, reader))
        const seen: Device[] = []
        let after: DevicePlace | null = null
        do {
          const filter = { fromMs: null, toMs: null, conditions, ...clock }
          const page = await storage.devices.list(fleetId, filter, { sort, limit: 41, after })
          seen.push(...page.items)
          after = page.next as DevicePlace | null
        } while (after !== null)
        const ids = (of: readonly Device[]) => of.map(({ id }) => id).toSorted()
        expect([formatFilter(conditions), ids(seen)]).toEqual([formatFilter(conditions), ids(expected)])
        const facets = await storage.devices.facets(fleetId, {
          fromMs: null,
          toMs: null,
          conditions,
          ...clock,
        })
        const { base } = splitFilter(conditions, DEVICE_FACETS)
        const based = rows.filter((row) => matchesFilter(row, base, DEVICE_FIELDS, reader))
        expect(facets).toEqual(
          countFacets(based, rows.length, conditions, DEVICE_FACETS, DEVICE_FIELDS, reader),
        )
        expect(facets.matching).toBe(expected.length)
        const values = seen.map((device) => sortValueOf(device, sort, clock))
        expect(values).toEqual(values.toSorted((a, b) => (a === b ? 0 : a < b ? -1 : 1)))
        hits += expected.length > 0 && expected.length < rows.length ? 1 : 0
      }
      expect(hits).toBeGreaterThan(30)
    },
  )

  it(
    '[DL20] lists the letters that the predicate takes, by words only where they are not masked',
    { timeout: 60_000 },
    async () => {
      const { storage } = current()
      const { id: fleetId } = await makeFleet(storage)
      const rows = await storeLetters(storage, fleetId)
      const groups = rows.map(({ groupId }) => groupId)
      const ids = fc.constantFrom(
        ...groups.slice(0, 5),
        ...rows.flatMap(({ sessionId }) => sessionId ?? []),
        randomUUID(),
      )
      const written = [
        'poison:yes',
        '-poison:yes',
        'rule:calm',
        'replayed:>=3',
        '-path:/a/*',
        'made:<5m seen:>=2m',
      ]
      const asked = [
        ...written.map((q) => conditionsOf(q, LETTER_FIELDS)),
        ...fc.sample(filters(LETTER_FIELDS, texts, 2, ids), { numRuns: FILTERS, seed: 17 }),
      ].map((conditions) => frozen(conditions, NOW_MS))
      let hits = 0
      for (const conditions of asked) {
        const expected = rows.filter((row) => matchesFilter(row, conditions, LETTER_FIELDS, LETTER_READER))
        const page = await storage.deadLetters.list(fleetId, { conditions }, WHOLE)
        const idsOf = (of: readonly DeadLetterRow[]) => of.map(({ id }) => id).toSorted()
        expect([formatFilter(conditions), idsOf(page.items)]).toEqual([
          formatFilter(conditions),
          idsOf(expected),
        ])
        const facets = await storage.deadLetters.facets(fleetId, { conditions })
        const { base } = splitFilter(conditions, LETTER_FACETS)
        const based = rows.filter((row) => matchesFilter(row, base, LETTER_FIELDS, LETTER_READER))
        expect(facets).toEqual(
          countFacets(based, ROWS, conditions, LETTER_FACETS, LETTER_FIELDS, LETTER_READER),
        )
        const counted = await storage.letterGroups.list(fleetId, { conditions, nowMs: NOW_MS }, ROWS)
        expect([counted.totals.letters, counted.groups.reduce((sum, { count }) => sum + count, 0)]).toEqual([
          expected.length,
          expected.length,
        ])
        hits += expected.length > 0 && expected.length < rows.length ? 1 : 0
      }
      expect(hits).toBeGreaterThan(30)
    },
  )

  it('keeps a page where it is while others come and are heard of', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const filter = { fromMs: null, toMs: null, conditions: [], nowMs: NOW_MS, intervalMs: MINUTE }
    const contacts = Array.from({ length: 6 }, (_, i) => NOW_MS - i * MINUTE)
    const made = []
    for (const lastContactMs of contacts) made.push(await makeDevice(storage, fleetId, { lastContactMs }))
    const first = await storage.devices.list(fleetId, filter, { sort: 'contact', limit: 3, after: null })
    await makeDevice(storage, fleetId, { lastContactMs: NOW_MS + MINUTE })
    const second = await storage.devices.list(fleetId, filter, {
      sort: 'contact',
      limit: 9,
      after: first.next,
    })
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(made.map(({ id }) => id))
  })
})
