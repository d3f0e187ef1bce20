import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { conflictFacets, conflictGroups, listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { openConflicts } from '#lib/application/conflicts/open-conflicts.ts'
import { previewByRule } from '#lib/application/conflicts/preview-by-rule.ts'
import { resolveByRule } from '#lib/application/conflicts/resolve-by-rule.ts'
import { CONFLICTS_BY_RULE_MAX, OPERATION_RATE } from '#lib/protocol/limits.ts'
import type { AuditEntry, Cursor, Page } from '#lib/storage/ports.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import { changeOf, commit, conflictEffect } from '#tests/contract/storage/world.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { STORAGES, type TestStorage } from '#tests/support/storages.ts'

const MANY = 10_000
const PER_COMMIT = 500
/** A page, its counts and its groups: what a person waits for. */
const SEEN_MS_MAX = 2_000
/** Of all of them, on a machine that does other things besides. */
const PREVIEW_MS_MAX = 30_000

const [, postgres] = STORAGES
if (postgres === undefined) throw new Error('there is no PostgreSQL')

describe(`${MANY} conflicts on PostgreSQL`, () => {
  let held: TestStorage
  let fleetId: string
  let app: ReturnType<typeof testApp>
  beforeAll(async () => {
    held = await postgres.open()
    app = testApp(held.storage)
    const fleet = await testFleet(app)
    fleetId = fleet.fleetId
    const body = { name: 'reports', strategy: 'manual', schema: NOTES_SCHEMA }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId, body })
    const { id: deviceId } = await TestDevice.enroll(app, fleet)
    for (let made = 0; made < MANY; made += PER_COMMIT) {
      const atMs = Date.now() - MANY + made
      await commit(
        held.storage,
        fleetId,
        (head) =>
          Array.from({ length: PER_COMMIT }, (_, i) => {
            const recordId = randomUUID()
            const version = head + 1 + i
            const field = (made + i) % 4 === 0 ? '/count' : '/title'
            const conflict = conflictEffect({
              outcome: 'manual',
              fields: [field],
              schemaVersion: 1,
              base: { title: 'base', count: 0 },
              local: { title: 'mine', count: 1 },
              remote: { title: 'theirs', count: 2 },
              remoteVersion: version,
              result: null,
              resolution: null,
            })
            const record = changeOf({ deviceId, recordId, version, data: { title: 'theirs', count: 2 } })
            return [record, changeOf({ deviceId, recordId, version: null, conflict })]
          }).flat(),
        { committedAtMs: atMs },
      )
    }
  }, 120_000)
  afterAll(() => held.close())

  const who = () => ({ actor: SYSTEM, fleetId })
  const timed = async <T>(work: () => Promise<T>): Promise<{ value: T; tookMs: number }> => {
    const from = performance.now()
    return { value: await work(), tookMs: performance.now() - from }
  }

  /** Of the audit log. */
  async function decisionsPerConflict() {
    const targets: string[] = []
    let at: Cursor | null = null
    do {
      const page: Page<AuditEntry> = await held.storage.audit.list(
        { fleetId, action: 'conflict.resolve' },
        { limit: 1_000, cursor: at },
      )
      targets.push(...page.items.map(({ target }) => target))
      at = page.next
    } while (at !== null)
    return { decisions: targets.length, conflicts: new Set(targets).size }
  }

  it('are listed to the end, filtered, counted and grouped, each in the time that a person waits', async () => {
    const seen = new Set<string>()
    let cursor: string | null = null
    do {
      const query: Record<string, string> = { q: 'status:open', sort: 'waiting', limit: '500' }
      const page: Awaited<ReturnType<typeof listConflicts>> = await listConflicts(app.ctx, {
        ...who(),
        query: cursor === null ? query : { ...query, cursor },
      })
      for (const { id } of page.items) seen.add(id)
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen.size).toBe(MANY)
    const query = { q: 'status:open field:/count', sort: 'waiting' }
    for (const [look, found] of [
      [() => listConflicts(app.ctx, { ...who(), query }), 50],
      [() => conflictFacets(app.ctx, { ...who(), query }), MANY / 4],
      [() => conflictGroups(app.ctx, { ...who(), query: { q: 'status:open' } }), 2],
    ] as const) {
      const { value, tookMs } = await timed<object>(look)
      const counted =
        'items' in value
          ? (value.items as unknown[]).length
          : 'matching' in value
            ? value.matching
            : (value as { total: number }).total
      expect(counted).toBe(found)
      expect(tookMs).toBeLessThan(SEEN_MS_MAX)
    }
  })

  it('are decided by a rule after a preview, by an operation over all of them, each once', async () => {
    expect(MANY).toBe(CONFLICTS_BY_RULE_MAX)
    const asked = { rule: 'mine', q: 'status:open', before: Date.now() + 1 }
    const { value: preview, tookMs } = await timed(() => previewByRule(app.ctx, { ...who(), body: asked }))
    expect(preview).toMatchObject({ matched: MANY, capped: false })
    expect(preview.counts).toMatchObject([{ outcome: 'mine', count: MANY }])
    expect(tookMs).toBeLessThan(PREVIEW_MS_MAX)
    const body = { ...asked, reason: 'the crews were there', count: MANY, rate: OPERATION_RATE.max }
    const { id } = await resolveByRule(app.ctx, { ...who(), body })
    const run = await timed(() => runOperation(app.ctx, fleetId, id))
    expect(run.value).toMatchObject({ state: 'completed', total: MANY, done: MANY, skipped: 0, errored: 0 })
    expect(await decisionsPerConflict()).toEqual({ decisions: MANY, conflicts: MANY })
    expect(await openConflicts(app.ctx, who())).toEqual({
      open: 0,
      oldestAtMs: null,
      oldestCollection: null,
    })
    const { items } = await listConflicts(app.ctx, { ...who(), query: { q: 'kept:mine', limit: '1' } })
    expect(items[0]).toMatchObject({ status: 'resolved', result: { title: 'mine', count: 1 } })
  }, 300_000)
})
