import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { resolveByRule } from '#lib/application/conflicts/resolve-by-rule.ts'
import { readConflict } from '#lib/application/conflicts/read-conflict.ts'
import { deskJob, resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { edit } from '#lib/application/dead-letters/edit.ts'
import { getDeadLetter } from '#lib/application/dead-letters/get-dead-letter.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { purgeLetter } from '#lib/application/dead-letters/purge-letters.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { replayJob } from '#lib/application/dead-letters/replay-job.ts'
import { commitGroup } from '#lib/application/sync/commit-group.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { DEAD_LETTERS_PER_DEVICE_DAY_MAX, MUTATIONS_PER_PUSH_MAX } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const collection = 'visits'
const schemaOf = (title: JsonObject, count: JsonObject): JsonObject => ({
  type: 'object',
  properties: { title, count },
})
const TEXT = { type: 'string' }
const NUMBER = { type: 'integer' }
const ANY = {}

describe.each(STORAGES)('letters that were replayed into a conflict over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let one: TestDevice
  let two: TestDevice
  let visits: { readonly id: string; readonly version: number }
  beforeEach(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    const body = { name: collection, strategy: 'manual', schema: schemaOf(TEXT, NUMBER) }
    visits = await createCollection(app.ctx, input(body))
    one = await TestDevice.enroll(app, fleet)
    two = await TestDevice.enroll(app, fleet)
  })
  afterEach(() => held.close())

  const input = (body: unknown) => ({ actor: SYSTEM, fleetId: fleet.fleetId, body })
  const at = (id: string, body: unknown = {}) => ({ ...input(body), id })
  const publish = async (schema: JsonObject): Promise<void> => {
    visits = await publishCollection(app.ctx, at(visits.id, { schema, version: visits.version }))
  }
  const letterOf = (result: MutationResult | undefined): string => {
    if (result?.status !== 'dead_lettered') throw new Error(`not dead: ${JSON.stringify(result)}`)
    return result.deadLetterId
  }
  const conflictOf = (result: MutationResult | undefined): string => {
    if (result?.status !== 'conflict') throw new Error(`not a conflict: ${JSON.stringify(result)}`)
    return result.conflictId
  }
  const put = (data: JsonObject) => ({ type: 'put' as const, data })
  const patch = (set: JsonObject) => ({ type: 'patch' as const, set })
  const letter = async (id: string) => (await getDeadLetter(app.ctx, at(id))).letter
  const letters = async () =>
    (await listDeadLetters(app.ctx, { ...input({}), query: { limit: 100 } })).items.map(({ id }) => id)
  const statuses = (results: readonly MutationResult[]) => results.map(({ status }) => status)

  /** A change that died and one behind it; another device made the record meanwhile. */
  async function died(child: JsonObject = { count: 'many' }) {
    const first = one.mutation({ collection, op: put({ title: 7 }) })
    const { recordId } = first
    const second = one.mutation({ collection, recordId, after: first.id, op: patch(child) })
    const { results } = await one.pushed([first, second])
    await two.pushed([two.mutation({ collection, recordId, op: put({ title: 'theirs' }) })])
    return { recordId, first, second, parent: letterOf(results[0]), behind: letterOf(results[1]) }
  }
  /** Both letters replayed into one conflict; the one behind will die on its decision. */
  async function replayed() {
    const chain = await died()
    await publish(schemaOf(ANY, NUMBER))
    const { result, held: along } = await replay(app.ctx, at(chain.parent))
    expect(statuses([result, ...along])).toEqual(['conflict', 'conflict'])
    expect((await letter(chain.behind)).status).toBe('replayed')
    return { ...chain, conflictId: conflictOf(result) }
  }
  /** Without what is held behind it: as where the process ends between the two. */
  async function replayedAlone(id: string): Promise<MutationResult> {
    const { storage } = held
    const deadLetters = { ...storage.deadLetters, heldBy: async () => [] }
    return (await replay({ ...app.ctx, storage: { ...storage, deadLetters } }, at(id))).result
  }
  const decision = (chain: { readonly recordId: string; readonly conflictId: string }): Mutation =>
    one.mutation({
      collection,
      recordId: chain.recordId,
      baseVersion: 1,
      resolves: chain.conflictId,
      op: put({ title: 'settled' }),
    })
  const byRule = async (count: number) => {
    const body = { rule: 'mine', before: Date.now() + 1_000, reason: 'ours', count }
    const { id } = await resolveByRule(app.ctx, input(body))
    return runOperation(app.ctx, fleet.fleetId, id)
  }

  it.each([
    ['mine at the desk', (id: string) => resolveConflict(app.ctx, at(id, { choice: 'mine', version: 1 }))],
    [
      'merged at the desk',
      (id: string) =>
        resolveConflict(app.ctx, at(id, { choice: 'merged', version: 1, data: { title: 'both' } })),
    ],
    ['by a rule', () => byRule(1)],
  ])('[AF3] [DL1] decided %s, what dies on it has its letter open again', async (_, decide) => {
    const { second, parent, behind, conflictId } = await replayed()
    await decide(conflictId)
    expect(await letter(behind)).toMatchObject({
      status: 'open',
      attempts: 1,
      lastReplay: {
        status: 'dead_lettered',
        detail: expect.stringContaining('Expected "integer"') as string,
      },
    })
    expect((await letter(parent)).status).toBe('replayed')
    expect((await letters()).toSorted()).toEqual([parent, behind].toSorted())
    // Its device asks, and is told of that letter.
    const [again] = (await one.pushed([second])).results
    expect(again).toMatchObject({
      status: 'duplicate',
      original: { status: 'dead_lettered', code: 'schema_mismatch', deadLetterId: behind },
    })
    expect(again).not.toHaveProperty('letterClosed')
    // And it can be replayed like any other.
    await publish(schemaOf(ANY, ANY))
    expect((await replay(app.ctx, at(behind))).result).toMatchObject({ id: second.id, status: 'applied' })
    expect(await letter(behind)).toMatchObject({ status: 'replayed', attempts: 2 })
  })

  it('[AF3] [DL1] decided on the device, what dies on it has its letter open again, and the rest of the push goes on', async () => {
    const chain = await replayed()
    const { results } = await one.pushed([decision(chain), one.mutation()])
    expect(statuses(results)).toEqual(['applied', 'applied'])
    expect((await letter(chain.behind)).status).toBe('open')
    expect(await letters()).toHaveLength(2)
  })

  it('[AF4] [DL1] decided behind an edited form, what dies on it has its letter open again', async () => {
    const chain = await replayed()
    await resolveConflict(app.ctx, at(chain.conflictId, { choice: 'mine', version: 1 }))
    const { recordId, first, second, behind } = chain
    const third = one.mutation({ collection, recordId, after: second.id, op: patch({ count: 'more' }) })
    expect((await one.pushed([third])).results).toMatchObject([{ code: 'parent_dead_lettered' }])
    await two.pushed([two.mutation({ collection, recordId, baseVersion: 2, op: put({ title: 'again' }) })])
    const late = { op: put({ title: 'late', count: 1 }), reason: 'late' }
    const outcome = await edit(app.ctx, at(behind, late))
    expect(statuses([outcome.result, ...outcome.held])).toEqual(['conflict', 'conflict'])
    const conflictId = conflictOf(outcome.result)
    await resolveConflict(app.ctx, at(conflictId, { choice: 'mine', version: 3 }))
    expect(await letter(behind)).toMatchObject({ status: 'replayed', editedAs: outcome.mutationId })
    expect(await letters()).toHaveLength(3)
    const open = await held.storage.deadLetters.heldBy(fleet.fleetId, second.id, 9)
    expect(open).toMatchObject([{ mutation: { id: third.id }, status: 'open', attempts: 1 }])
    expect((await one.pushed([first])).results).toMatchObject([{ status: 'duplicate' }])
  })

  it('[AF4] an edited form that waited and dies has a letter of its own', async () => {
    const { parent, behind, second } = await died({ count: 1 })
    await publish(schemaOf(ANY, NUMBER))
    const result = await replayedAlone(parent)
    const asked = { op: patch({ count: 'edited' }), reason: 'x' }
    const edited = await edit(app.ctx, at(behind, asked))
    expect(edited.result.status).toBe('conflict')
    await resolveConflict(app.ctx, at(conflictOf(result), { choice: 'mine', version: 1 }))
    expect(await letter(behind)).toMatchObject({ status: 'replayed', editedAs: edited.mutationId })
    const [own] = (await letters()).filter((id) => id !== parent && id !== behind)
    expect(await letter(own ?? '')).toMatchObject({ status: 'open', mutation: { id: edited.mutationId } })
    expect((await one.pushed([second])).results).toMatchObject([
      {
        status: 'duplicate',
        original: { status: 'dead_lettered', deadLetterId: behind },
        letterClosed: true,
      },
    ])
  })

  it('[ID3] replayed, decided and replayed once more in one group, the last is told that it was replayed', async () => {
    const { ctx } = app
    const { parent, behind, second } = await died()
    await publish(schemaOf(ANY, NUMBER))
    const conflictId = conflictOf(await replayedAlone(parent))
    const row = await held.storage.deadLetters.get(fleet.fleetId, behind)
    if (!row) throw new Error('there is no letter')
    const order = { actor: SYSTEM, reason: null, edit: null, platform: null }
    const unasked = { mayAskAgain: false, askedUnder: null }
    const again = () => ({ ...replayJob(ctx, row, order), ...unasked })
    const detail = await readConflict(ctx, fleet.fleetId, conflictId)
    const decided = {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      detail,
      body: { choice: 'mine', version: 1 },
    } as const
    const { rules } = ctx.groupCommit
    const desk = deskJob(ctx, decided, (await rules.get(fleet.fleetId)).collections)
    const { outcomes } = await commitGroup(
      { ...ctx, rules },
      fleet.fleetId,
      [again(), { ...desk, ...unasked }, again()],
      () => undefined,
    )
    expect(outcomes).toMatchObject([
      { kind: 'answered', results: [{ id: second.id, status: 'conflict' }] },
      { kind: 'answered', results: [{ status: 'applied' }] },
      { kind: 'failed', error: { tidemarkCode: 'not_replayable' } },
    ])
    expect(await letter(behind)).toMatchObject({ status: 'open', attempts: 1 })
    expect((await one.pushed([second])).results).toMatchObject([
      { original: { status: 'dead_lettered', deadLetterId: behind } },
    ])
  })

  it('[DL22] where its letter was deleted meanwhile it has another', async () => {
    const { behind, second, conflictId } = await replayed()
    await purgeLetter(app.ctx, at(behind, { reason: 'tidy' }))
    await resolveConflict(app.ctx, at(conflictId, { choice: 'mine', version: 1 }))
    const [other, ...more] = (await letters()).filter((id) => id !== behind)
    expect(more).toHaveLength(1)
    const open = (await Promise.all([other ?? '', ...more].map(letter))).filter(
      ({ status }) => status === 'open',
    )
    expect(open).toMatchObject([{ mutation: { id: second.id }, attempts: 0, lastReplay: null }])
  })

  it('[CM4] its device hears of it once more when it is closed once more', async () => {
    const { behind, conflictId } = await replayed()
    const { deadLetters } = held.storage
    await resolveConflict(app.ctx, at(conflictId, { choice: 'mine', version: 1 }))
    await publish(schemaOf(ANY, ANY))
    await replay(app.ctx, at(behind))
    const device = await held.storage.devices.get(fleet.fleetId, one.id)
    expect(device?.commands.filter((command) => command.deadLetterId === behind)).toMatchObject([
      { type: 'replayed' },
      { type: 'replayed' },
    ])
    expect(await deadLetters.countOpen(fleet.fleetId)).toBe(0)
  })

  it('[DL7] a letter that is opened again is none that a device made', async () => {
    const chain = await replayed()
    let left = DEAD_LETTERS_PER_DEVICE_DAY_MAX - 2
    while (left > 0) {
      const count = Math.min(left, MUTATIONS_PER_PUSH_MAX)
      await one.pushed(Array.from({ length: count }, () => one.mutation({ op: put({ title: 7 }) })))
      left -= count
    }
    expect((await one.push(one.pushBody([one.mutation({ op: put({ title: 7 }) })]))).status).toBe(429)
    expect(statuses((await one.pushed([decision(chain)])).results)).toEqual(['applied'])
  })

  it('[CS11] a rule decides it like the others', async () => {
    await replayed()
    for (let i = 0; i < 9; i++) {
      const { recordId } = two.mutation()
      await two.pushed([two.mutation({ collection, recordId, op: put({ title: 'theirs' }) })])
      conflictOf(
        (await one.pushed([one.mutation({ collection, recordId, op: put({ title: 'mine' }) })])).results[0],
      )
    }
    expect(await byRule(10)).toMatchObject({ state: 'completed', done: 10, errored: 0, skipped: 0 })
  })
})
