import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NO_ANSWERS } from '#lib/telemetry/review/review.ts'
import { DEFAULT_WEIGHTS } from '#lib/engine/lab/lab-report.ts'
import { labRun } from '#tests/support/lab-run.ts'
import { reviewOf } from '../../support/review-fixture.ts'
import type { Fleet } from '#lib/storage/ports.ts'
import { shippedRule } from '#tests/support/alert-series.ts'
import { resolvedIncident } from '#tests/support/alert-world.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  collectionOf,
  commit,
  conflictEffect,
  letterEffect,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  sessionOf,
  shownBy,
} from './world.ts'

describe('row-level security', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])
  let owner: pg.Client
  let fleet: Fleet

  beforeAll(async () => {
    const { storage, url } = current()
    owner = new pg.Client({ connectionString: url ?? '' })
    await owner.connect()
    fleet = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleet.id)
    await storage.collections.create(collectionOf(fleet.id), audit())
    const key = {
      id: randomUUID(),
      fleetId: fleet.id,
      name: 'k',
      hash: 'h',
      access: {},
      createdAtMs: NOW_MS,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedMs: null,
    }
    await storage.enrollmentKeys.createKey({ ...key, maxDevices: null, devices: 0 }, audit())
    await storage.ingest.createKey({ ...key, source: 'other' }, audit())
    const figure = { source: 'other', gauge: null, startMs: null, atMs: NOW_MS, heardMs: NOW_MS, value: 1 }
    const series = { ...figure, id: randomUUID() }
    await storage.ingest.moveSeries(fleet.id, [series.id], 1, () => ({ series: [series], events: [] }))
    const target = { source: 'other', url: 'https://example.org/', everyMs: 1, createdAtMs: 1, last: null }
    const page = { ...target, id: randomUUID(), fleetId: fleet.id }
    await storage.ingest.addTarget(page, 1, audit())
    const log = { sessionId: null, atMs: NOW_MS, level: 'info', text: 'x', code: null } as const
    await storage.ingest.storeLogs(fleet.id, [{ ...log, id: randomUUID(), deviceId }], 1)
    const { id, name: version, createdAtMs } = key
    const view = { id, fleetId: fleet.id, page: 'devices', name: 'v', params: {}, shared: true } as const
    await storage.views.add({ ...view, ownerId: 'a', ownerName: 'A', createdAtMs }, () => false, null)
    const restored = { fleetId: fleet.id, epoch: 2, epochBefore: 1, backupId: null, backupAtMs: null }
    await storage.restores.note({ ...restored, proven: true, restoredAtMs: NOW_MS }, audit())
    const regained = { mutationId: id, deviceId, status: 'applied', atMs: NOW_MS }
    await storage.restores.regain(fleet.id, 2, [regained])
    const release = { id, fleetId: fleet.id, version, releasedAtMs: NOW_MS, note: null }
    await storage.releases.add({ ...release, recordedBy: 'Ada', createdAtMs }, 9, audit())
    const review = {
      ...reviewOf(NO_ANSWERS),
      id: randomUUID(),
      fleetId: fleet.id,
      collectionId: randomUUID(),
    }
    await storage.reviews.add(review, 9, audit())
    const bounds = { kept: 9, atOnce: 9, goneBeforeMs: 0, lost: '' }
    await storage.lab.begin(labRun(fleet.id, randomUUID(), NOW_MS), bounds, audit())
    const weighed = { version: 0, weights: DEFAULT_WEIGHTS }
    await storage.lab.setWeights(fleet.id, randomUUID(), weighed, audit())
    const said = { id, rootId: id, mergedInto: null, byHand: false, title: null, note: '', owner: null }
    await storage.letterGroups.change(fleet.id, () => ({
      put: [{ ...said, snoozedUntilMs: null, version: 1 }],
      move: null,
      drop: [],
      audit: audit(),
    }))
    const work = {
      kind: 'replay',
      conditions: [],
      withPoison: true,
      rule: null,
      edit: null,
      q: '',
      reason: 'r',
    } as const
    const counts = { done: 0, skipped: 0, errored: 0, runDone: 0, runErrored: 0, waits: 0, version: 1 }
    const times = { previewedAtMs: null, startedAtMs: null, endedAtMs: null, nextAtMs: 1 }
    const actor = audit().actor
    const operation = {
      ...work,
      ...counts,
      ...times,
      id,
      fleetId: fleet.id,
      createdAtMs,
      actor,
      requestHash: 'h',
    }
    const freezeAll = () =>
      storage.operations.create(
        { ...operation, state: 'draft', pause: null, preview: null, ratePerSecond: 1 },
        9,
        () => undefined,
        audit(),
      )
    const incident = resolvedIncident(fleet.id, randomUUID())
    const by = { id: 'ada', name: 'Ada' }
    const entry = {
      id: randomUUID(),
      incidentId: incident.id,
      atMs: NOW_MS,
      kind: 'noted',
      text: 'n',
    } as const
    await storage.alerts.commit(fleet.id, {
      next: { revision: 1, evaluatedAtMs: NOW_MS, states: [] },
      incidents: [incident],
      entries: [{ ...entry, rule: null, severity: null, by }],
      notices: [],
    })
    const rule = {
      fleetId: fleet.id,
      rule: shippedRule('queue-deep'),
      version: 1,
      changedAtMs: 1,
      changedBy: by,
    }
    await storage.alerts.saveRule(rule, 9, audit())
    const silence = { id, fleetId: fleet.id, matchers: [], comment: '', startsAtMs: 1, endsAtMs: 2, by }
    await storage.alerts.saveSilence(
      { ...silence, createdAtMs: 1, endedAtMs: null, version: 1 },
      9,
      1,
      audit(),
    )
    const sessionId = randomUUID()
    const event = {
      id: 'e',
      atMs: NOW_MS,
      payload: {
        kind: 'fleet-gauges',
        openDeadLetters: 0,
        openDeadLettersByCode: {},
        openConflicts: 0,
        oldestUndeliveredAgeMs: null,
      },
    } as const
    await commit(
      storage,
      fleet.id,
      (head) => {
        const a = changeOf({ deviceId, sessionId, version: head + 1, conflict: conflictEffect() })
        const { recordId } = a.incoming.mutation
        return [
          a,
          changeOf({ deviceId, recordId, version: head + 2, replaced: a.record }),
          changeOf({ deviceId, version: null, deadLetter: letterEffect() }),
          changeOf({
            deviceId,
            version: null,
            heldBy: randomUUID(),
            otOps: [
              {
                path: '/a',
                revision: 1,
                schemaVersion: 1,
                version: 1,
                mutationId: randomUUID(),
                ops: ['x'],
                made: ['x'],
              },
            ],
          }),
        ]
      },
      {
        responses: [{ deviceId, requestId: randomUUID(), requestHash: 'h', body: '{}', createdAtMs: NOW_MS }],
        sessions: [{ sessionId, deviceId }],
        failedTries: [{ mutationId: randomUUID(), deviceId, tries: 1 }],
      },
    )
    await freezeAll()
    await storage.sessions.store(fleet.id, [sessionOf(fleet.id, deviceId)], [])
    await storage.telemetry.append(fleet.id, [event])
    const bucket = {
      key: { tier: 'minute', startMs: NOW_MS, collection: '*', platform: '*', appVersion: '*' },
      counters: {},
      sketches: {},
      gauges: {},
      gaugesAtMs: 0,
    } as const
    await storage.telemetry.foldNext(
      fleet.id,
      9,
      () => [],
      () => [bucket],
    )
    await storage.sync.deliver(fleet.id, shownBy(deviceId, { reports: 1 }))
    const told = {
      id: randomUUID(),
      deviceId,
      commandId: null,
      appVersion: '1',
      bytes: 2,
      receivedAtMs: NOW_MS,
    }
    await storage.devices.addDiagnostics(fleet.id, told, '{}', 5)
    const deadHash = randomUUID()
    await storage.devices.rotateToken(fleet.id, deviceId, deadHash, deadHash, NOW_MS, NOW_MS, audit())
    await storage.devices.rotateToken(fleet.id, deviceId, deadHash, randomUUID(), NOW_MS, NOW_MS, audit())
    await storage.deadTokens.note(fleet.id, deadHash, NOW_MS)
    await storage.sync.admitFullSync(fleet.id, deviceId, {
      nowMs: NOW_MS,
      intervalMs: 1_000,
      burst: 1,
      graceMs: 1_000,
    })
  })
  afterAll(async () => {
    await owner.end()
  })

  /** Runs as the runtime role, for `fleetId` when it is named. */
  async function asRuntime<R extends pg.QueryResultRow>(fleetId: string | null, text: string): Promise<R[]> {
    await owner.query('BEGIN')
    try {
      await owner.query(`SET LOCAL ROLE tidemark_runtime`)
      if (fleetId !== null) await owner.query(`SELECT set_config('app.fleet', $1, true)`, [fleetId])
      return (await owner.query<R>(text)).rows
    } finally {
      await owner.query('ROLLBACK')
    }
  }
  async function fleetTables(): Promise<string[]> {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'fleet_id' ORDER BY 1`,
    )
    return rows.map((row) => row.name)
  }

  it('[check 4] is on, with a policy, for every table that has a fleet', async () => {
    const tables = await fleetTables()
    expect(tables.length).toBeGreaterThanOrEqual(22)
    const { rows } = await owner.query<{ name: string; on: boolean; policies: string }>(
      `SELECT c.relname AS name, c.relrowsecurity AS on, count(p.polname) AS policies FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
       WHERE c.relname = ANY ($1) AND c.relnamespace = 'public'::regnamespace GROUP BY 1, 2 ORDER BY 1`,
      [tables],
    )
    expect(rows).toEqual(tables.map((name) => ({ name, on: true, policies: '1' })))
  })

  it('leads every key of a fleet table with the fleet', async () => {
    const { rows } = await owner.query(
      `SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
       WHERE c.relname = ANY ($1) AND (i.indisprimary OR i.indisunique) AND a.attname <> 'fleet_id'`,
      [await fleetTables()],
    )
    expect(rows).toEqual([])
  })

  it('gives the runtime role nothing to own, no partition, and no right to make tables', async () => {
    const { rows } = await owner.query(
      `SELECT relname FROM pg_class WHERE relowner = 'tidemark_runtime'::regrole
       UNION ALL SELECT relname FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g
         WHERE c.relispartition AND g.grantee IN (0, 'tidemark_runtime'::regrole)
       UNION ALL SELECT relname FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g
         WHERE g.grantee = 'tidemark_runtime'::regrole AND g.privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')`,
    )
    expect(rows).toEqual([])
    await expect(asRuntime(fleet.id, 'CREATE TABLE stolen (id int)')).rejects.toThrow('permission denied')
    await expect(asRuntime(fleet.id, 'SELECT * FROM telemetry_event_20260615')).rejects.toThrow(
      'permission denied',
    )
    await expect(asRuntime(fleet.id, 'SELECT * FROM telemetry_event_default')).rejects.toThrow(
      'permission denied',
    )
  })

  it('shows the rows of the fleet that is named, and none for another, an empty or a missing one', async () => {
    for (const table of await fleetTables()) {
      const count = async (fleetId: string | null) =>
        Number((await asRuntime<{ n: string }>(fleetId, `SELECT count(*) AS n FROM ${table}`))[0]?.n)
      expect([table, (await count(fleet.id)) > 0]).toEqual([table, true])
      expect([table, await count(randomUUID()), await count(''), await count(null)]).toEqual([table, 0, 0, 0])
    }
  })

  it('refuses a row of another fleet', async () => {
    const insert = `INSERT INTO stream_head VALUES ('${randomUUID()}', 'reports', 1)`
    await expect(asRuntime(fleet.id, insert)).rejects.toThrow('row-level security')
    await expect(asRuntime(null, insert)).rejects.toThrow('row-level security')
    const moved = asRuntime(fleet.id, `UPDATE stream_head SET fleet_id = '${randomUUID()}'`)
    await expect(moved).rejects.toThrow('row-level security')
  })

  it('keeps the audit log and design reviews append-only for the runtime role', async () => {
    for (const statement of [
      'UPDATE audit SET reason = NULL',
      'DELETE FROM audit',
      'TRUNCATE audit',
      "UPDATE design_review SET note = ''",
    ]) {
      await expect(asRuntime(fleet.id, statement)).rejects.toThrow('permission denied')
    }
  })
})
