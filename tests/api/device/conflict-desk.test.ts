import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { previewByRule, type ByRulePreview } from '#lib/application/conflicts/preview-by-rule.ts'
import { resolveByRule } from '#lib/application/conflicts/resolve-by-rule.ts'
import type { ShownConflict } from '#lib/application/conflicts/show-conflict.ts'
import type { Context } from '#lib/application/context.ts'
import type { OperationDetail, OperationItem } from '#lib/application/operations/list-operations.ts'
import { runBatch } from '#lib/application/operations/run-batch.ts'
import { lookForOperations, stopOperations } from '#lib/application/operations/run-operations.ts'
import type { OperationView } from '#lib/application/operations/operation-view.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { CONFLICTS_BY_RULE_LOOKS_MAX } from '#lib/protocol/limits.ts'
import type { ConflictFilter } from '#lib/storage/ports.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { newUuid, NOTES_SCHEMA, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import type { HttpWorld } from '#tests/support/http-world.ts'
import { overHttp } from '#tests/support/http-world.ts'
import { jsonBody } from '#tests/support/operator-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const collection = 'visits'
const HOUR_MS = 3_600_000

describe.each(STORAGES)('the conflict desk over HTTP and $name', ({ open }) => {
  let held: TestStorage
  let world: HttpWorld
  let fleet: TestFleet
  let one: TestDevice
  let two: TestDevice
  const keys: Record<'viewer' | 'operator', { authorization: string }> = {
    viewer: { authorization: '' },
    operator: { authorization: '' },
  }
  beforeAll(async () => {
    held = await open()
    world = await overHttp(testApp(held.storage))
  })
  afterAll(async () => {
    await world.close()
    await held.close()
  })

  /** A fleet of the test's own: what a rule takes is all that there is. */
  async function freshFleet() {
    fleet = await testFleet(world.app)
    const { fleetId } = fleet
    const body = { name: collection, strategy: 'manual', schema: NOTES_SCHEMA }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    for (const role of ['viewer', 'operator'] as const) {
      const key = await createApiKey(world.app.ctx, {
        actor: SYSTEM,
        body: { name: `${role} ${fleetId}`, role, fleet: fleetId },
      })
      keys[role] = { authorization: `Bearer ${key.key}` }
    }
    one = await TestDevice.enroll(world.app, fleet)
    two = await TestDevice.enroll(world.app, fleet)
  }
  const patch = (set: JsonObject) => ({ type: 'patch' as const, set })
  const versionOf = (result: MutationResult | undefined): number => {
    if (result?.status !== 'applied') throw new Error(`not applied: ${JSON.stringify(result)}`)
    return result.version
  }
  const stamp = (device: TestDevice, agoMs: number): string =>
    formatHlc({ wallMs: Date.now() - agoMs, counter: 0, deviceId: device.id })

  /** A record that `two` changed, and a change of `one` that met it, each made so long ago. */
  async function contested(
    sides: { mine?: JsonObject; theirs?: JsonObject; mineAgoMs?: number; theirsAgoMs?: number } = {},
  ) {
    const { mine = { title: 'mine' }, theirs = { title: 'theirs' } } = sides
    const data = { title: 'first', count: 1 }
    const hlc = stamp(one, 3 * HOUR_MS)
    const made = one.mutation({ collection, hlc, op: { type: 'put', data } })
    const { recordId } = made
    const baseVersion = versionOf((await one.pushed([made])).results[0])
    const at = { collection, recordId, baseVersion }
    const theirHlc = stamp(two, sides.theirsAgoMs ?? 60_000)
    const version = versionOf(
      (await two.pushed([two.mutation({ ...at, hlc: theirHlc, op: patch(theirs) })])).results[0],
    )
    const change = one.mutation({ ...at, hlc: stamp(one, sides.mineAgoMs ?? 30_000), op: patch(mine) })
    const [result] = (await one.pushed([change])).results
    if (result?.status !== 'conflict') throw new Error(`no conflict: ${JSON.stringify(result)}`)
    return { ...at, version, change, conflictId: result.conflictId }
  }

  const send = (method: 'POST' | 'PATCH', path: string, body: JsonObject, role: keyof typeof keys) =>
    world.admin(path, jsonBody(method, body, keys[role]))
  const post = async <T>(path: string, body: JsonObject): Promise<T> => {
    const answer = await send('POST', path, body, 'operator')
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`)
    return JSON.parse(text) as T
  }
  const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]
  const get = async <T>(path: string): Promise<T> =>
    (await (await world.admin(path, { headers: keys.viewer })).json()) as T
  /** Decides all of a filter by a rule, to the end, as processes do: the operation and what became of its conflicts. */
  async function ruled(asked: { rule: string; before: number; q?: string; reason: string }) {
    const { reason: _, ...what } = asked
    const { matched: count } = await post<ByRulePreview>('/conflicts/by-rule/preview', what)
    const { id } = await post<OperationView>('/conflicts/by-rule', { ...asked, count })
    await runOperation(world.app.ctx, fleet.fleetId, id)
    const operation = await get<OperationDetail>(`/operations/${id}`)
    const { items } = await get<{ items: readonly OperationItem[] }>(`/operations/${id}/items`)
    return { id, operation, items }
  }
  const became = ({ outcomes }: OperationDetail) =>
    outcomes.map(({ outcome, code, count }) => [outcome, code, count])
  const dataOf = async (recordId: string) =>
    (await held.storage.sync.getRecord(fleet.fleetId, collection, recordId))?.data
  const entriesOf = async (action: string) =>
    (await held.storage.audit.list({ fleetId: fleet.fleetId, action }, { limit: 100, cursor: null })).items

  it('[CS7] shows one with who made each side, when, and how right its clock was', async () => {
    await freshFleet()
    const { conflictId, change, version } = await contested()
    const shown = await get<ShownConflict>(`/conflicts/${conflictId}`)
    expect(shown).toMatchObject({
      conflict: { id: conflictId, remoteVersion: version, deviceName: expect.any(String) as string },
      record: { version, data: { title: 'theirs', count: 1 } },
      sides: {
        local: { mutationId: change.id, deviceId: one.id, hlc: change.hlc },
        remote: { deviceId: two.id },
      },
      basis: { strategy: 'manual', schemaVersion: 1 },
      waitMaxMs: 4 * HOUR_MS,
      masked: [],
    })
    expect((await world.admin(`/conflicts/${one.id}`, { headers: keys.viewer })).status).toBe(404)
  })

  it('[CS6] is assigned and noted by operators, on the version that they saw, with an entry', async () => {
    await freshFleet()
    const { conflictId } = await contested()
    const path = `/conflicts/${conflictId}`
    const body = { assigned: 'night ops', note: 'ask the crew', version: 0 }
    expect(await codeOf(await send('PATCH', path, body, 'viewer'))).toEqual([403, 'forbidden'])
    expect((await send('PATCH', path, body, 'operator')).status).toBe(200)
    expect(await codeOf(await send('PATCH', path, body, 'operator'))).toEqual([409, 'stale_version'])
    for (const wrong of [{ ...body, owner: 'x' }, { version: 1, assigned: 'nobody' }, { version: -1 }])
      expect(await codeOf(await send('PATCH', path, wrong, 'operator'))).toEqual([400, 'bad_request'])
    const desk = { assigned: 'night ops', note: 'ask the crew', version: 1 }
    expect((await get<ShownConflict>(path)).conflict.desk).toEqual(desk)
    expect(await entriesOf('conflict.annotate')).toMatchObject([
      { target: conflictId, before: { assigned: null }, after: { assigned: 'night ops' } },
    ])
    const list = await get<{ items: { id: string }[] }>('/conflicts?q=assigned%3A%22night%20ops%22')
    expect(list.items.map(({ id }) => id)).toEqual([conflictId])
  })

  /** As if a page looked through so few. */
  const lookingAt = (lookMax: number): Context => {
    const { ctx } = world.app
    const { conflicts } = ctx.storage
    const few = (filter: ConflictFilter): ConflictFilter => ({ ...filter, lookMax })
    const list: typeof conflicts.list = (fleetId, filter, page) => conflicts.list(fleetId, few(filter), page)
    const facets: typeof conflicts.facets = (fleetId, filter) => conflicts.facets(fleetId, few(filter))
    return { ...ctx, storage: { ...ctx.storage, conflicts: { ...conflicts, list, facets } } }
  }

  it('[CS6] a rule runs on what its preview told, also where more is looked through than one page looks at', async () => {
    await freshFleet()
    for (let made = 0; made < 3; made++) await contested()
    const ctx = lookingAt(2)
    const body = { rule: 'mine', before: Date.now() + 1 }
    const input = { actor: SYSTEM, fleetId: fleet.fleetId }
    const preview = await previewByRule(ctx, { ...input, body })
    expect(preview).toMatchObject({ matched: 3, capped: false, unread: false })
    const made = await resolveByRule(ctx, { ...input, body: { ...body, reason: 'as seen', count: 3 } })
    expect(made).toMatchObject({ kind: 'resolve', rule: 'mine', state: 'running', matched: 3, total: 3 })
    const ended = await runOperation(ctx, fleet.fleetId, made.id)
    expect(ended).toMatchObject({ state: 'completed', done: 3, skipped: 0, errored: 0 })
  })

  it('[CS6] a preview ends where none of so many matches, and says that it did not look at all', async () => {
    await freshFleet()
    for (let made = 0; made < CONFLICTS_BY_RULE_LOOKS_MAX + 1; made++) await contested()
    const ctx = lookingAt(1)
    const body = { rule: 'mine', before: Date.now() + 1, q: 'assigned:"night ops"' }
    const input = { actor: SYSTEM, fleetId: fleet.fleetId }
    expect(await previewByRule(ctx, { ...input, body })).toEqual({
      matched: 0,
      capped: false,
      unread: true,
      counts: [],
    })
    await expect(
      resolveByRule(ctx, { ...input, body: { ...body, reason: 'as seen', count: 0 } }),
    ).rejects.toMatchObject({
      tidemarkCode: 'bad_request',
      extra: { errors: [{ path: '/q', message: expect.stringContaining('looked through') as string }] },
    })
  })

  it('[CS6] a rule says what it would do and writes nothing; it runs only for operators', async () => {
    await freshFleet()
    const { conflictId, recordId } = await contested()
    const before = Date.now() + 1
    const asked = { rule: 'mine', before }
    const preview = await post<ByRulePreview>('/conflicts/by-rule/preview', asked)
    expect(preview).toEqual({
      matched: 1,
      capped: false,
      unread: false,
      counts: [{ outcome: 'mine', why: null, count: 1, ids: [conflictId] }],
    })
    expect(await dataOf(recordId)).toMatchObject({ title: 'theirs' })
    const none = await post<ByRulePreview>('/conflicts/by-rule/preview', { ...asked, before: 1 })
    expect(none.matched).toBe(0)
    for (const path of ['/conflicts/by-rule/preview', '/conflicts/by-rule'])
      expect(await codeOf(await send('POST', path, { ...asked, reason: 'x', count: 1 }, 'viewer'))).toEqual([
        403,
        'forbidden',
      ])
    const right = { ...asked, reason: 'x', count: 1 }
    for (const wrong of [
      { ...asked, count: 1 },
      { ...asked, reason: 'x' },
      { ...right, reason: ' ' },
      { ...right, rule: 'coin' },
      { ...right, rate: 0 },
      { ...right, cursor: 'x' },
      { ...right, count: 0, before: 1 },
      { ...right, before: Number.MAX_SAFE_INTEGER },
    ])
      expect(await codeOf(await send('POST', '/conflicts/by-rule', wrong, 'operator'))).toEqual([
        400,
        'bad_request',
      ])
    expect((await get<ShownConflict>(`/conflicts/${conflictId}`)).conflict.status).toBe('open')
  })

  it('[CS6] the newest wins by stamp; each is a decision of its own, audited, and its device is told', async () => {
    await freshFleet()
    const newer = await contested({ mineAgoMs: 10_000, theirsAgoMs: 60_000 })
    const older = await contested({ mineAgoMs: 90_000, theirsAgoMs: 60_000 })
    const asked = {
      rule: 'newest',
      before: Date.now() + 1,
      reason: 'clocks were right',
      q: `collection:${collection}`,
    }
    const counted = await send('POST', '/conflicts/by-rule', { ...asked, count: 3 }, 'operator')
    expect(await codeOf(counted)).toEqual([409, 'count_changed'])
    const { id, operation, items } = await ruled(asked)
    expect(operation).toMatchObject({
      kind: 'resolve',
      rule: 'newest',
      state: 'completed',
      done: 2,
      total: 2,
    })
    expect(became(operation).toSorted()).toEqual([
      ['decided', 'mine', 1],
      ['decided', 'theirs', 1],
    ])
    expect(items).toMatchObject([
      { letterId: null, conflictId: newer.conflictId, state: 'done', outcome: 'decided', code: 'mine' },
      { letterId: null, conflictId: older.conflictId, state: 'done', outcome: 'decided', code: 'theirs' },
    ])
    expect(await dataOf(newer.recordId)).toEqual({ title: 'mine', count: 1 })
    expect(await dataOf(older.recordId)).toEqual({ title: 'theirs', count: 1 })
    const entries = await entriesOf('conflict.resolve')
    expect(entries).toHaveLength(2)
    for (const entry of entries)
      expect(entry).toMatchObject({ reason: `operation ${id}: clocks were right`, outcome: 'done' })
    const changes = new Set(entries.map(({ after }) => (after as { mutationId: string }).mutationId))
    expect(changes).toEqual(new Set(items.map(({ mutationId }) => mutationId)))
    const settled = await get<{ count: number; kept: object }>('/conflicts/settled')
    expect(settled).toMatchObject({ count: 2, kept: { mine: 1, theirs: 1, merged: 0 } })
    const pushed = await one.send('GET', '/api/v1/pull?collections=visits')
    const commands = pushed.headers.get('tidemark-commands') ?? ''
    for (const id of [newer.conflictId, older.conflictId]) expect(commands).toContain(id)
  })

  it('[CS11] its members are those of its creation: what somebody decides meanwhile is passed over, what arises is none', async () => {
    await freshFleet()
    const first = await contested()
    const second = await contested()
    const asked = { rule: 'mine', before: Date.now() + HOUR_MS, reason: 'as seen', count: 2, id: newUuid() }
    const made = await post<OperationView>('/conflicts/by-rule', asked)
    const late = await contested()
    await post(`/conflicts/${first.conflictId}/resolve`, { choice: 'theirs', version: first.version })
    // Clicked twice: what it takes is another number by now, and it is the same operation.
    expect((await post<OperationView>('/conflicts/by-rule', asked)).id).toBe(made.id)
    const other = await send('POST', '/conflicts/by-rule', { ...asked, rule: 'theirs' }, 'operator')
    expect(await codeOf(other)).toEqual([422, 'request_id_reused'])
    await runOperation(world.app.ctx, fleet.fleetId, made.id)
    const operation = await get<OperationDetail>(`/operations/${made.id}`)
    expect(operation).toMatchObject({ state: 'completed', done: 1, skipped: 1, errored: 0 })
    expect(became(operation).toSorted()).toEqual([
      ['closed', 'not_open', 1],
      ['decided', 'mine', 1],
    ])
    expect(await dataOf(first.recordId)).toMatchObject({ title: 'theirs' })
    expect(await dataOf(second.recordId)).toMatchObject({ title: 'mine' })
    expect((await get<ShownConflict>(`/conflicts/${late.conflictId}`)).conflict.status).toBe('open')
    // As a filter of the list, and as a file.
    const listed = async (q: string) =>
      (await get<{ items: { id: string }[] }>(`/conflicts?q=${encodeURIComponent(q)}`)).items.map(
        ({ id }) => id,
      )
    expect(await listed(`skipped:${made.id}`)).toEqual([first.conflictId])
    expect(await listed(`failed:${made.id}`)).toEqual([])
    expect((await listed(`operation:${made.id}`)).toSorted()).toEqual(
      [first.conflictId, second.conflictId].toSorted(),
    )
    const file = await world.admin(`/operations/${made.id}/export?format=ndjson&state=skipped`, {
      headers: keys.viewer,
    })
    const [line = ''] = (await file.text()).split('\n')
    expect(JSON.parse(line)).toMatchObject({ conflictId: first.conflictId, code: 'not_open' })
  })

  it('[CS11] [DL12] it is paused, goes on and is cancelled; what was not decided stays open', async () => {
    await freshFleet()
    const waiting = [await contested(), await contested(), await contested()]
    const asked = { rule: 'mine', before: Date.now() + HOUR_MS, reason: 'as seen', count: 3 }
    const { id } = await post<OperationView>('/conflicts/by-rule', asked)
    const { ctx } = world.app
    expect(await runBatch(ctx, fleet.fleetId, id)).toMatchObject({ settled: 1 })
    await post(`/operations/${id}/pause`, { reason: 'wait' })
    expect(await runBatch(ctx, fleet.fleetId, id)).toEqual({ againInMs: null, settled: 0 })
    await post(`/operations/${id}/resume`, { reason: 'on' })
    await post(`/operations/${id}/cancel`, { reason: 'enough' })
    const ended = await runOperation(ctx, fleet.fleetId, id)
    expect(ended).toMatchObject({ state: 'cancelled', done: 1, skipped: 2 })
    const titles = await Promise.all(waiting.map(async ({ recordId }) => (await dataOf(recordId))?.['title']))
    expect(titles).toEqual(['mine', 'theirs', 'theirs'])
  })

  it('[CS11] one that fails at the server again and again stays open, and the others have their turn', async () => {
    await freshFleet()
    const waiting = [await contested(), await contested(), await contested()]
    const [, second] = waiting
    const asked = { rule: 'mine', before: Date.now() + HOUR_MS, reason: 'as seen', count: 3 }
    const { id } = await post<OperationView>('/conflicts/by-rule', asked)
    const { ctx } = world.app
    const { operations } = held.storage
    const logged: string[] = []
    const broken: Context = {
      ...ctx,
      log: { ...ctx.log, error: (message) => logged.push(message) },
      storage: {
        ...held.storage,
        operations: {
          ...operations,
          hold: (fleetId, operationId, work) =>
            operations.hold(fleetId, operationId, (tx) =>
              work({
                ...tx,
                push: {
                  ...tx.push,
                  write: async (writes) => {
                    if (writes.changes.some(({ closes }) => closes?.conflictId === second?.conflictId))
                      throw new Error('a row that nobody can write')
                    await tx.push.write(writes)
                  },
                },
              }),
            ),
        },
      },
    }
    await lookForOperations(broken)
    const stateOf = async () => (await get<OperationDetail>(`/operations/${id}`)).state
    for (let n = 0; n < 300 && (await stateOf()) === 'running'; n++) await pause(100)
    await stopOperations(broken)
    const operation = await get<OperationDetail>(`/operations/${id}`)
    expect(operation).toMatchObject({ state: 'completed', done: 2, skipped: 0, errored: 1 })
    expect(became(operation).toSorted()).toEqual([
      ['decided', 'mine', 2],
      ['no_answer', 'internal', 1],
    ])
    const titles = await Promise.all(waiting.map(async ({ recordId }) => (await dataOf(recordId))?.['title']))
    expect(titles).toEqual(['mine', 'theirs', 'mine'])
    expect(new Set(logged)).toEqual(new Set(['a step of an operation failed']))
  }, 60_000)

  it('[CS6] merges what meets nowhere, and leaves open where both changed the same', async () => {
    await freshFleet()
    const apart = await contested({ mine: { count: 7 }, theirs: { title: 'theirs' } })
    const same = await contested()
    const asked = { rule: 'merge', before: Date.now() + 1, reason: 'apart' }
    const { items } = await ruled(asked)
    expect(items).toMatchObject([
      { conflictId: apart.conflictId, outcome: 'decided', code: 'merged' },
      { conflictId: same.conflictId, state: 'skipped', outcome: 'undecided', code: 'same_field' },
    ])
    expect(await dataOf(apart.recordId)).toEqual({ title: 'theirs', count: 7 })
    expect(await dataOf(same.recordId)).toEqual({ title: 'theirs', count: 1 })
    expect((await get<ShownConflict>(`/conflicts/${same.conflictId}`)).conflict.status).toBe('open')
  })

  it('[CS6] several conflicts of one record are decided one after the other', async () => {
    await freshFleet()
    const { recordId, baseVersion } = await contested()
    const three = await TestDevice.enroll(world.app, fleet)
    const late = three.mutation({ collection, recordId, baseVersion, op: patch({ title: 'third' }) })
    expect((await three.pushed([late])).results).toMatchObject([{ status: 'conflict' }])
    const asked = { rule: 'mine', before: Date.now() + 1, reason: 'in order' }
    expect(became((await ruled(asked)).operation)).toEqual([['decided', 'mine', 2]])
    expect(await dataOf(recordId)).toMatchObject({ title: 'third' })
  })

  it('[CS7] groups, counts and files say the same as the list', async () => {
    await freshFleet()
    await contested()
    await contested({ mine: { title: 'x', count: 2 }, theirs: { title: 'y', count: 3 } })
    const { groups, total } = await get<{ groups: { place: string; count: number }[]; total: number }>(
      '/conflicts/groups?q=status:open',
    )
    expect(total).toBe(2)
    expect(groups.map(({ place, count }) => [place, count])).toEqual([
      ['/title', 2],
      ['/count', 1],
    ])
    const facets = await get<{ matching: number }>('/conflicts/facets?q=field:%2Fcount')
    expect(facets.matching).toBe(1)
    const file = await world.admin('/conflicts/export?format=ndjson&q=field:%2Ftitle', {
      headers: keys.viewer,
    })
    const lines = (await file.text()).trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ complete: true, rows: 2 })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ collection, strategy: 'manual', status: 'open' })
    for (const wrong of ['/conflicts?q=colour:red', '/conflicts?sort=size', '/conflicts/groups?page=2'])
      expect((await world.admin(wrong, { headers: keys.viewer })).status).toBe(400)
  })
})
