import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { restore } from '#lib/application/dead-letters/restore.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { listOperationItems } from '#lib/application/operations/list-operations.ts'
import { previewFilter, previewOperation } from '#lib/application/operations/preview-operation.ts'
import { changeRate, turnOperation } from '#lib/application/operations/turn-operation.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, newUuid, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const LOOSE_SCHEMA: JsonObject = { ...NOTES_SCHEMA, properties: {} }

describe.each(STORAGES)('bulk actions over dead letters on $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  beforeEach(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    device = await TestDevice.enroll(app, fleet)
  })
  afterEach(() => held.close())

  const input = (body: unknown = {}) => ({ actor: SYSTEM, fleetId: fleet.fleetId, body })
  const at = (id: string, body: unknown = {}) => ({ ...input(body), id })
  const publish = async (changes: JsonObject) => {
    const [collection] = await listCollections(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId })
    if (!collection) throw new Error('the fleet has a collection')
    return publishCollection(app.ctx, at(collection.id, { ...changes, version: collection.version }))
  }
  const idsOf = (results: readonly MutationResult[]): string[] =>
    results.map((one) => {
      if (one.status !== 'dead_lettered') throw new Error(`not dead: ${JSON.stringify(one)}`)
      return one.deadLetterId
    })
  const bad = (changes: Partial<Mutation> = {}) =>
    device.mutation({ op: { type: 'put', data: { title: 7 } }, ...changes })
  const badOnes = async (count: number) =>
    idsOf((await device.pushed(Array.from({ length: count }, () => bad()))).results)
  const create = (asked: JsonObject) =>
    createOperation(app.ctx, input({ kind: 'replay', q: 'code:schema_mismatch', reason: 'fixed', ...asked }))
  const started = async (asked: JsonObject = {}) => {
    const { id } = await create(asked)
    await turnOperation(app.ctx, 'start', at(id))
    return id
  }
  const run = (id: string) => runOperation(app.ctx, fleet.fleetId, id)
  const items = async (id: string) =>
    (await listOperationItems(app.ctx, { ...at(id), query: { limit: 500 } })).items
  const letters = async (q: string) =>
    (await listDeadLetters(app.ctx, { ...input(), query: { q, limit: 500 } })).items.map(({ id }) => id)
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error: unknown) => (error as { tidemarkCode?: string }).tidemarkCode ?? String(error),
    )
  const actions = async () =>
    (
      await held.storage.audit.list({ fleetId: fleet.fleetId, action: null }, { limit: 500, cursor: null })
    ).items.map(({ action }) => action)

  it('[DL11] members are those of the filter at its creation, and stay', async () => {
    const old = await badOnes(3)
    const { id, matched, total } = await create({ q: 'seen:<1h code:schema_mismatch' })
    expect({ matched, total }).toEqual({ matched: 3, total: 3 })
    await badOnes(2)
    await publish({ schema: LOOSE_SCHEMA })
    await turnOperation(app.ctx, 'start', at(id))
    expect(await run(id)).toMatchObject({ state: 'completed', done: 3, skipped: 0, errored: 0, total: 3 })
    expect((await items(id)).map(({ letterId }) => letterId).toSorted()).toEqual(old.toSorted())
    expect(await letters('status:open')).toHaveLength(2)
  })

  it('[DL11] a filter that takes every letter needs the count typed, the right one', async () => {
    await badOnes(2)
    expect(await refusal(create({ q: '' }))).toBe('filter_required')
    expect(await refusal(create({ q: 'status:open' }))).toBe('filter_required')
    // As good as none: they name no cause.
    for (const q of [
      'poison:yes,no',
      'replayed:>=0',
      'seen:<900d',
      'made:..2099-01-01',
      '-code:exhausted',
      '-collection:none',
    ])
      expect([q, await refusal(create({ q }))]).toEqual([q, 'filter_required'])
    expect(await refusal(create({ q: '', allowAll: true }))).toBe('filter_required')
    expect(await refusal(create({ q: '', allowAll: true, count: 3 }))).toBe('count_changed')
    expect(await refusal(create({ q: 'code:schema_mismatch', count: 1 }))).toBe('count_changed')
    expect(await refusal(create({ q: 'code:rule_violation' }))).toBe('bad_request')
    expect(await refusal(create({ kind: 'edit' }))).toBe('bad_request')
    expect(await refusal(create({ edit: { upMigrateFrom: 1 } }))).toBe('bad_request')
    expect(await create({ q: '', allowAll: true, count: 2 })).toMatchObject({ state: 'draft', matched: 2 })
    expect(
      (await held.storage.operations.list(fleet.fleetId, { limit: 9, cursor: null })).items,
    ).toHaveLength(1)
  })

  it('[DL11] the same id again is the same operation, with other words it is refused', async () => {
    await badOnes(3)
    const id = newUuid()
    const both = await Promise.all([create({ id }), create({ id })])
    expect(both.map((one) => one.id)).toEqual([id, id])
    expect(await items(id)).toHaveLength(3)
    expect(await refusal(create({ id, reason: 'another' }))).toBe('request_id_reused')
    expect((await actions()).filter((action) => action === 'operation.create')).toHaveLength(1)
  })

  it('[DL10] poisoned letters are left out unless they are asked for by name', async () => {
    const [poisoned = ''] = await badOnes(2)
    for (let n = 0; n < 3; n++) await replay(app.ctx, at(poisoned))
    expect(await create({})).toMatchObject({ matched: 1 })
    expect(await create({ q: 'code:schema_mismatch poison:yes' })).toMatchObject({ matched: 1 })
    expect(await create({ q: 'code:schema_mismatch poison:yes,no' })).toMatchObject({ matched: 2 })
  })

  it('[DL12] takes only what its state is for', async () => {
    await badOnes(2)
    const { id } = await create({})
    const turn = (event: 'start' | 'pause' | 'resume' | 'cancel', version?: number) =>
      turnOperation(app.ctx, event, at(id, version === undefined ? {} : { version }))
    expect(await refusal(turn('pause'))).toBe('operation_state')
    expect(await refusal(turn('start', 9))).toBe('stale_version')
    expect(await previewOperation(app.ctx, at(id))).toMatchObject({ operation: { state: 'previewed' } })
    expect(await turn('start')).toMatchObject({ state: 'running', actions: ['pause', 'cancel', 'rate'] })
    expect(await refusal(turn('start'))).toBe('operation_state')
    expect(await turn('pause')).toMatchObject({ state: 'paused', pause: { by: 'person' } })
    expect(await run(id)).toMatchObject({ state: 'paused', done: 0, errored: 0 })
    expect(await changeRate(app.ctx, at(id, { rate: 7 }))).toMatchObject({ ratePerSecond: 7 })
    expect(await turn('resume')).toMatchObject({ state: 'running', pause: null })
    expect(await turn('cancel')).toMatchObject({ state: 'cancelling' })
    expect(await run(id)).toMatchObject({ state: 'cancelled', skipped: 2, total: 2 })
    expect(await refusal(turn('resume'))).toBe('operation_state')
    expect(await refusal(changeRate(app.ctx, at(id, { rate: 7 })))).toBe('operation_state')
    expect((await items(id)).map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled'])
    const verbs = ['create', 'start', 'pause', 'rate', 'resume', 'cancel', 'cancelled']
    expect((await actions()).filter((action) => action.startsWith('operation.')).toSorted()).toEqual(
      verbs.map((verb) => `operation.${verb}`).toSorted(),
    )
  })

  it('[DL3] what is held behind a member comes along, and behind one that fails it is passed over', async () => {
    const parent = bad()
    const { recordId } = parent
    const child = bad({ recordId, after: parent.id, op: { type: 'patch', set: { count: 1 } } })
    const last = bad({ recordId, after: child.id, op: { type: 'patch', set: { count: 2 } } })
    const other = bad({ op: { type: 'put', data: { title: 'a', count: 'x' } } })
    const behind = bad({
      recordId: other.recordId,
      after: other.id,
      op: { type: 'patch', set: { title: 'b' } },
    })
    // The first one that runs must not fail: the operation would stand still behind it. Of one moment either may be the first.
    const good = await device.pushed([parent, child, last])
    await pause(2)
    const ids = idsOf([...good.results, ...(await device.pushed([other, behind])).results])
    await publish({ schema: { ...NOTES_SCHEMA, properties: { count: { type: 'integer' } } } })
    const asked = { kind: 'replay', q: 'code:schema_mismatch' }
    const { items: foretold, counts } = await previewFilter(app.ctx, input(asked))
    const id = await started({ q: 'code:schema_mismatch' })
    expect(await run(id)).toMatchObject({ matched: 2, total: 5, done: 3, errored: 1, skipped: 1 })
    const outcomes = Object.fromEntries((await items(id)).map((one) => [one.letterId, one.outcome]))
    expect(ids.map((letter) => outcomes[letter])).toEqual([
      'applied',
      'applied',
      'applied',
      'still_dead',
      'held',
    ])
    expect(Object.fromEntries(foretold.map((one) => [one.letterId, one.outcome]))).toEqual(outcomes)
    expect(counts).toContainEqual({ outcome: 'held', code: 'parent_dead', count: 1 })
    // Where it would be refused, and not where it was.
    expect(foretold.map(({ path }) => path)).toEqual([null, null, null, '/count', null])
    const waiting = await held.storage.deadLetters.get(fleet.fleetId, ids[4] ?? '')
    expect(waiting).toMatchObject({ status: 'open', attempts: 0 })
    expect(await letters(`failed:${id}`)).toEqual([ids[3]])
    expect(await letters(`skipped:${id}`)).toEqual([ids[4]])
    expect(await letters(`operation:${id} status:open`)).toHaveLength(2)
    expect(await letters(`-operation:${id}`)).toEqual([])
  })

  it('[DL3] a letter that comes to be held behind a member after its creation follows it as well', async () => {
    const parent = bad()
    const ids = idsOf((await device.pushed([parent])).results)
    const id = await started()
    const child = bad({
      recordId: parent.recordId,
      after: parent.id,
      op: { type: 'patch', set: { count: 1 } },
    })
    ids.push(...idsOf((await device.pushed([child])).results))
    await publish({ schema: LOOSE_SCHEMA })
    expect(await run(id)).toMatchObject({ state: 'completed', matched: 1, total: 2, done: 2 })
    expect((await items(id)).map(({ letterId, behind }) => [letterId, behind])).toEqual([
      [ids[0], null],
      [ids[1], ids[0]],
    ])
    expect(await letters('status:open')).toEqual([])
  })

  it('[DL15] it pauses by itself when more than one in twenty failed, of twenty at least', async () => {
    const good = await badOnes(11)
    await device.pushed(
      Array.from({ length: 30 }, () => bad({ op: { type: 'put', data: { title: 'a', count: 'x' } } })),
    )
    await publish({ schema: { ...NOTES_SCHEMA, properties: { count: { type: 'integer' } } } })
    const id = await started({ rate: 100 })
    const halted = await run(id)
    expect(halted).toMatchObject({ state: 'paused', done: good.length, pause: { by: 'failures' } })
    // As soon as twenty ran, five to a transaction behind the stages of one and of ten.
    expect(halted.runErrored + halted.runDone).toBe(21)
    await turnOperation(app.ctx, 'resume', at(id))
    const rest = await run(id)
    expect(rest.done + rest.skipped + rest.errored).toBeLessThanOrEqual(rest.total)
    expect((await actions()).includes('operation.pause')).toBe(true)
  })

  it('[DL15] it pauses when all letters of its first stages failed, and where nothing is left it completes', async () => {
    await badOnes(3)
    const id = await started()
    expect(await run(id)).toMatchObject({ state: 'paused', errored: 1, pause: { by: 'stage' } })
    await turnOperation(app.ctx, 'resume', at(id))
    expect(await run(id)).toMatchObject({ state: 'completed', errored: 3 })
  })

  it('[DL15] it pauses while a breaker would keep a push out, and says which', async () => {
    await badOnes(2)
    await publish({ schema: LOOSE_SCHEMA })
    const id = await started()
    const scope = `fleet:${fleet.fleetId}` as const
    const failing = () => Promise.reject(new Error('away'))
    for (let n = 0; n < 20; n++) await app.ctx.breakers.call(scope, failing).catch(() => undefined)
    expect(await run(id)).toMatchObject({
      state: 'paused',
      done: 0,
      pause: { by: 'breaker', detail: `the breaker ${scope} is open` },
    })
  })

  it('[DL17] a letter that somebody closed meanwhile is passed over', async () => {
    const [first = '', second = ''] = await badOnes(3)
    await publish({ schema: LOOSE_SCHEMA })
    const id = await started()
    await discard(app.ctx, at(first, { reason: 'no' }))
    await replay(app.ctx, at(second))
    const both = await create({})
    await turnOperation(app.ctx, 'start', at(both.id))
    expect(await run(id)).toMatchObject({ state: 'completed', done: 1, skipped: 2, errored: 0 })
    // Another operation over the same letter: who comes first has it.
    expect(await run(both.id)).toMatchObject({ state: 'completed', done: 0, skipped: 1 })
  })

  it('[DL18] discards with what is held behind, and restores it', async () => {
    const parent = bad()
    const child = bad({
      recordId: parent.recordId,
      after: parent.id,
      op: { type: 'patch', set: { count: 1 } },
    })
    const last = bad({ recordId: parent.recordId, after: child.id, op: { type: 'patch', set: { count: 1 } } })
    const ids = idsOf((await device.pushed([parent, child, last, bad()])).results)
    const asked = { kind: 'discard', q: 'code:schema_mismatch' }
    expect(await previewFilter(app.ctx, input(asked))).toMatchObject({
      counts: [{ outcome: 'discarded', code: null, count: 4 }],
    })
    const id = await started({ kind: 'discard' })
    expect(await run(id)).toMatchObject({ state: 'completed', matched: 2, total: 4, done: 4 })
    expect(await letters('status:discarded')).toHaveLength(4)
    expect((await actions()).filter((action) => action === 'dead-letter.discard')).toHaveLength(4)
    await restore(app.ctx, at(ids[0] ?? '', { reason: 'one by one' }))
    expect(await letters('status:open')).toHaveLength(3)
    await discard(app.ctx, at(ids[0] ?? '', { reason: 'again' }))
    const back = await started({ kind: 'restore', q: 'code:schema_mismatch' })
    expect(await run(back)).toMatchObject({ state: 'completed', done: 4 })
    expect(await letters('status:open')).toHaveLength(4)
  })

  it('[DL19] an edit applies a JSON Patch to each, under a new mutation that is linked to the old one', async () => {
    const put = bad()
    const list = bad({ op: { type: 'put', data: { title: 7, lines: [1, 2] } } })
    const own = await device.pushed([
      device.mutation({ op: { type: 'put', data: { title: 'a', lines: [1] } } }),
    ])
    const known = own.results[0]
    if (known?.status !== 'applied') throw new Error('not applied')
    const ids = idsOf((await device.pushed([put, list])).results)
    const edit = { patch: [{ op: 'replace', path: '/title', value: 'seven' }] }
    const asked = { kind: 'edit', q: 'code:schema_mismatch', edit }
    expect(await previewFilter(app.ctx, input(asked))).toMatchObject({
      counts: [{ outcome: 'applied', code: null, count: 2 }],
    })
    const id = await started(asked)
    expect(await run(id)).toMatchObject({ state: 'completed', done: 2, errored: 0 })
    for (const { letterId, mutationId } of await items(id)) {
      const letter = await held.storage.deadLetters.get(fleet.fleetId, letterId ?? '')
      expect(letter).toMatchObject({ status: 'replayed', editedAs: mutationId })
      expect(ids).toContain(letterId)
    }
    const record = await held.storage.sync.getRecord(fleet.fleetId, 'notes', list.recordId)
    expect(record?.data).toEqual({ title: 'seven', lines: [1, 2] })
    expect((await device.pushed([put])).results).toMatchObject([{ status: 'duplicate' }])
  })

  it('[DL19] a patch that does not fit a letter fails it, and the others go on', async () => {
    const fits = bad()
    const not = bad({ op: { type: 'put', data: { count: 'x' } } })
    await device.pushed([fits, not])
    const edit = { patch: [{ op: 'replace', path: '/title', value: 'seven' }] }
    const id = await started({ kind: 'edit', edit })
    await run(id)
    // Where it came first, it was all of the first stage.
    await turnOperation(app.ctx, 'resume', at(id)).catch(() => undefined)
    await run(id)
    const outcomes = (await items(id)).map(({ outcome, code }) => `${outcome} ${code}`).toSorted()
    expect(outcomes).toEqual(['applied null', 'unpatchable patch_failed'])
    for (const path of ['/__proto__/x', '/a/__proto__'])
      expect(await refusal(create({ kind: 'edit', edit: { patch: [{ op: 'add', path, value: 1 }] } }))).toBe(
        'bad_request',
      )
  })

  it('[DL19] an edit by up-migration mends what an app release wrote in the shape of an older version', async () => {
    await publish({
      schema: { ...NOTES_SCHEMA, required: ['heading'], properties: { heading: { type: 'string' } } },
      upMigrations: [{ from: 1, to: 2, ops: [{ op: 'rename', path: '/title', to: '/heading' }] }],
    })
    const wrong = bad({ schemaVersion: 2, op: { type: 'put', data: { title: 'old shape' } } })
    await device.pushed([wrong])
    // From the newest version on there is nothing to run, whatever the letters hold.
    for (const upMigrateFrom of [2, 3, 2 ** 31 - 1]) {
      const nowhere = { kind: 'edit', q: 'code:schema_mismatch', edit: { upMigrateFrom } }
      expect(await refusal(create(nowhere))).toBe('bad_request')
      expect(await refusal(previewFilter(app.ctx, input(nowhere)))).toBe('bad_request')
    }
    const id = await started({ kind: 'edit', edit: { upMigrateFrom: 1 } })
    expect(await run(id)).toMatchObject({ state: 'completed', done: 1 })
    const record = await held.storage.sync.getRecord(fleet.fleetId, 'notes', wrong.recordId)
    expect(record?.data).toEqual({ heading: 'old shape' })
  })
})
