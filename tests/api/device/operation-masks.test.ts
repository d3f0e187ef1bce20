import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { showConflict } from '#lib/application/conflicts/show-conflict.ts'
import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { letterFacets, listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { listGroups } from '#lib/application/letter-groups/list-groups.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import {
  getOperation,
  listOperationItems,
  listOperations,
} from '#lib/application/operations/list-operations.ts'
import { previewFilter, previewOperation } from '#lib/application/operations/preview-operation.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import { getSession } from '#lib/application/sessions/get-session.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { isMask } from '#lib/protocol/mask.ts'
import type { AuditEntry, ConflictRow } from '#lib/storage/ports.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, newUuid, testApp, testFleet } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const SECRET = 'Quincy Adams'
const SCHEMA: JsonObject = {
  type: 'object',
  properties: { title: { type: 'string' }, count: { type: 'integer' }, reporter: { type: 'string' } },
}

const COUNTS = {
  transitions: [],
  attempts: [],
  pushed: 1,
  pulled: 0,
  conflicts: 1,
  deadLettered: 0,
  queueDepthBefore: 1,
  queueDepthAfter: 0,
}

describe.each(STORAGES)('masked fields in bulk edits, searches and conflicts on $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  beforeEach(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    device = await TestDevice.enroll(app, fleet)
    await publish({ schema: SCHEMA, masked: ['/reporter'] })
  })
  afterEach(() => held.close())

  const input = (body: unknown = {}) => ({ actor: SYSTEM, fleetId: fleet.fleetId, body })
  const at = (id: string, body: unknown = {}) => ({ ...input(body), id })
  async function publish(changes: JsonObject): Promise<void> {
    const [collection] = await listCollections(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId })
    if (!collection) throw new Error('the fleet has a collection')
    await publishCollection(app.ctx, at(collection.id, { ...changes, version: collection.version }))
  }
  const dead = async (data: JsonObject): Promise<string> => {
    const mutation = device.mutation({ schemaVersion: 2, op: { type: 'put', data } })
    const [result] = (await device.pushed([mutation])).results
    if (result?.status !== 'dead_lettered') throw new Error(`not dead: ${JSON.stringify(result)}`)
    return result.deadLetterId
  }
  const entriesOf = async (action: string): Promise<readonly AuditEntry[]> =>
    (await held.storage.audit.list({ fleetId: fleet.fleetId, action }, { limit: 100, cursor: null })).items
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error: unknown) =>
        JSON.stringify(error, ['tidemarkCode', 'extra', 'errors', 'issues', 'path', 'message']),
    )

  it('[DL19] [DL23] a bulk edit is in the audit log: the edit itself, and of each letter what became of which', async () => {
    const letterId = await dead({ title: 7, reporter: SECRET })
    const patch = [
      { op: 'replace', path: '/title', value: 'seven' },
      { op: 'replace', path: '/reporter', value: 'Nobody Else' },
    ]
    const asked = { kind: 'edit', q: 'code:schema_mismatch', edit: { patch }, reason: 'mended' }
    const { id } = await createOperation(app.ctx, input(asked))
    const answers = [
      await previewOperation(app.ctx, at(id)),
      await turnOperation(app.ctx, 'start', at(id)),
      await getOperation(app.ctx, at(id)),
      await listOperations(app.ctx, { ...at(id), query: {} }),
    ]
    expect(JSON.stringify(answers)).toContain('seven')
    expect(JSON.stringify(answers)).not.toContain('Nobody Else')
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({ state: 'completed', done: 1 })
    expect((await held.storage.deadLetters.get(fleet.fleetId, letterId))?.status).toBe('replayed')
    const [created] = await entriesOf('operation.create')
    const told = created?.after as unknown as { edit: { patch: { value: string }[] } }
    expect(told.edit.patch).toMatchObject([patch[0], { op: 'replace', path: '/reporter' }])
    expect(isMask(told.edit.patch[1]?.value)).toBe(true)
    const [edited] = await entriesOf('dead-letter.edit')
    const letter = await held.storage.deadLetters.get(fleet.fleetId, letterId)
    expect(edited).toMatchObject({ target: letterId, reason: `operation ${id}: mended` })
    expect(edited?.after).toMatchObject({
      from: letter?.mutation.id,
      mutationId: letter?.editedAs,
      status: 'applied',
      changesLeftOut: 0,
    })
    const { changes } = (edited?.after ?? {}) as unknown as {
      changes: { pointer: string; before: string; after: string }[]
    }
    expect(changes.map(({ pointer }) => pointer).toSorted()).toEqual(['/data/reporter', '/data/title'])
    expect(changes.find(({ pointer }) => pointer === '/data/title')).toMatchObject({
      before: '7',
      after: '"seven"',
    })
    const log = JSON.stringify([created, edited])
    expect(log).not.toContain(SECRET)
    expect(log).not.toContain('Nobody Else')
  })

  it('[DL19] of an edit by up-migration the audit log has the versions that it leads from and to', async () => {
    await publish({
      schema: { type: 'object', required: ['heading'], properties: { heading: { type: 'string' } } },
      upMigrations: [{ from: 2, to: 3, ops: [{ op: 'rename', path: '/title', to: '/heading' }] }],
    })
    const mutation = device.mutation({ schemaVersion: 3, op: { type: 'put', data: { title: 'old' } } })
    await device.pushed([mutation])
    const asked = { kind: 'edit', q: 'code:schema_mismatch', edit: { upMigrateFrom: 2 }, reason: 'mended' }
    const { id } = await createOperation(app.ctx, input(asked))
    await turnOperation(app.ctx, 'start', at(id))
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({ state: 'completed', done: 1 })
    const [created] = await entriesOf('operation.create')
    expect(created?.after).toMatchObject({ edit: { upMigrateFrom: 2, to: { notes: 3 } } })
    const [edited] = await entriesOf('dead-letter.edit')
    expect(edited?.after).toMatchObject({
      from: mutation.id,
      changes: [
        { pointer: '/data/title', before: '"old"', after: null },
        { pointer: '/data/heading', before: null, after: '"old"' },
      ],
    })
  })

  it('[DL20] a JSON Patch brings no masked value out: refused in the preview, at creation and at the start', async () => {
    const letterId = await dead({ title: 7, reporter: SECRET })
    const edit = (step: JsonObject) => ({ kind: 'edit', q: 'code:schema_mismatch', edit: { patch: [step] } })
    for (const step of [
      { op: 'copy', from: '/reporter', path: '/title' },
      { op: 'move', from: '/reporter', path: '/title' },
      { op: 'test', path: '/reporter', value: SECRET },
    ]) {
      expect(await refusal(previewFilter(app.ctx, input(edit(step))))).toMatch(
        /masked.*in the collection notes/,
      )
      expect(await refusal(createOperation(app.ctx, input({ ...edit(step), reason: 'x' })))).toMatch(/masked/)
    }
    // Not of the collection that the filter names.
    const elsewhere = { ...edit({ op: 'copy', from: '/reporter', path: '/title' }), q: 'collection:others' }
    expect(await previewFilter(app.ctx, input(elsewhere))).toMatchObject({ matched: 0 })
    // Masked only after it was made.
    await publish({ masked: [] })
    const copy = { ...edit({ op: 'copy', from: '/reporter', path: '/title' }), reason: 'x' }
    const [{ id }, { id: running }] = [
      await createOperation(app.ctx, input(copy)),
      await createOperation(app.ctx, input(copy)),
    ]
    await turnOperation(app.ctx, 'start', at(running))
    await publish({ masked: ['/reporter'] })
    expect(await refusal(previewOperation(app.ctx, at(id)))).toMatch(/masked/)
    expect(await refusal(turnOperation(app.ctx, 'start', at(id)))).toMatch(/masked/)
    await runOperation(app.ctx, fleet.fleetId, running)
    const { items } = await listOperationItems(app.ctx, { ...at(running), query: {} })
    expect(items).toMatchObject([{ letterId, outcome: 'unpatchable', code: 'masked_field' }])
    expect(await held.storage.deadLetters.get(fleet.fleetId, letterId)).toMatchObject({ status: 'open' })
  })

  it('[DL20] a search by words finds nothing that is masked, in lists, counts, groups and operations', async () => {
    const letterId = await dead({ title: 'x', reporter: 7, count: 'Quincy' })
    const letter = await held.storage.deadLetters.get(fleet.fleetId, letterId)
    const [word = ''] = (letter?.said ?? '').split(' ').filter((part) => part.length > 3)
    expect(word).not.toBe('')
    const asked = { ...input(), query: { q: word } }
    const found = async () => [
      (await listDeadLetters(app.ctx, asked)).items.length,
      (await letterFacets(app.ctx, asked)).matching,
      (await listGroups(app.ctx, asked)).totals.letters,
      (await previewFilter(app.ctx, input({ kind: 'discard', q: word }))).matched,
    ]
    expect(await found()).toEqual([0, 0, 0, 0])
    await publish({ masked: [] })
    expect(await found()).toEqual([1, 1, 1, 1])
  })

  it('[DL20] conflicts are masked in the list, by themselves and in a session, and a mask that is left means its value', async () => {
    await publish({ strategy: 'manual' })
    const recordId = newUuid()
    const other = await TestDevice.enroll(app, fleet)
    const put = (of: TestDevice, data: JsonObject) =>
      of.mutation({ recordId, schemaVersion: 2, op: { type: 'put', data } })
    await other.pushed([put(other, { title: 'theirs', reporter: 'Abigail' })])
    const sessionId = newUuid()
    const pushed = await device.pushed([put(device, { title: 'mine', reporter: SECRET })], { sessionId })
    const [result] = pushed.results
    if (result?.status !== 'conflict' && result?.status !== 'superseded' && result?.status !== 'merged')
      throw new Error(`no conflict: ${JSON.stringify(result)}`)
    const list = await listConflicts(app.ctx, { ...input(), query: {} })
    const [listed] = list.items
    const id = listed?.id ?? ''
    const shown = await showConflict(app.ctx, at(id))
    const now = new Date().toISOString()
    const session = { sessionId, mode: 'delta', startedAt: now, endedAt: now, result: 'ok', ...COUNTS }
    await device.send('POST', '/api/v1/sessions', { body: { sessions: [session] } })
    const told = (await getSession(app.ctx, at(sessionId))).conflicts
    expect(told).toHaveLength(1)
    expect(JSON.stringify([list, shown, told])).not.toMatch(/Quincy|Abigail/)
    const sides = (of: ConflictRow | undefined) => [of?.local?.['reporter'], of?.remote?.['reporter']]
    for (const one of [listed, shown.conflict, ...told]) {
      expect(sides(one).every(isMask)).toBe(true)
      expect(sides(one)[0]).not.toBe(sides(one)[1])
    }
    const version = shown.record?.version ?? 0
    const merged = (data: JsonObject) =>
      resolveConflict(app.ctx, at(id, { choice: 'merged', data, version, reason: 'both' }))
    const strange = { title: 'both', reporter: '‹masked 000000›' }
    expect(await refusal(merged(strange))).toMatch(/stands for nothing/)
    const answer = await merged({ title: 'both', reporter: shown.conflict.local?.['reporter'] ?? null })
    expect(JSON.stringify(answer)).not.toMatch(/Quincy|Abigail/)
    const record = await held.storage.sync.getRecord(fleet.fleetId, 'notes', recordId)
    expect(record?.data).toEqual({ title: 'both', reporter: SECRET })
  })
})
