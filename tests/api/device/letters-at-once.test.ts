import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { edit } from '#lib/application/dead-letters/edit.ts'
import { getDeadLetter } from '#lib/application/dead-letters/get-dead-letter.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { getOperation } from '#lib/application/operations/list-operations.ts'
import { lookForOperations, stopOperations } from '#lib/application/operations/run-operations.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import type { PushTx, Storage } from '#lib/storage/ports.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

describe.each(STORAGES)('a letter at which two are at once over $name', ({ name, open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  let errors: string[]
  /** What happens once between what a transaction has read and what it writes. */
  let between: (() => Promise<unknown>) | null
  beforeEach(async () => {
    held = await open()
    between = null
    errors = []
    app = await held.served(testApp(interrupted(held.storage), (message) => errors.push(message)))
    fleet = await testFleet(app)
    device = await TestDevice.enroll(app, fleet)
  })
  afterEach(() => held.close())

  function interrupted(storage: Storage): Storage {
    const after =
      (load: PushTx['load']): PushTx['load'] =>
      async (plan) => {
        const snapshot = await load(plan)
        const work = between
        between = null
        // In memory one waits for the other.
        if (name === 'memory') void work?.()
        else await work?.()
        return snapshot
      }
    const { sync, operations } = storage
    const transact: Storage['sync']['transact'] = (fleetId, work) =>
      sync.transact(fleetId, (tx) => work({ ...tx, load: after(tx.load) }))
    const hold: Storage['operations']['hold'] = (fleetId, id, work) =>
      operations.hold(fleetId, id, (tx) => work({ ...tx, push: { ...tx.push, load: after(tx.push.load) } }))
    return { ...storage, sync: { ...sync, transact }, operations: { ...operations, hold } }
  }

  const at = (id: string, body: unknown = {}) => ({ actor: SYSTEM, fleetId: fleet.fleetId, id, body })
  /** A letter that can be replayed by now. */
  async function mendedLetter(): Promise<{ readonly id: string; readonly recordId: string }> {
    const mutation = device.mutation({ op: { type: 'put', data: { title: 7 } } })
    const [result] = (await device.pushed([mutation])).results
    if (result?.status !== 'dead_lettered') throw new Error('not dead')
    const [collection] = await listCollections(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId })
    if (!collection) throw new Error('the fleet has a collection')
    await publishCollection(app.ctx, at(collection.id, { schema: true, version: collection.version }))
    // Rules of before would be a reason of their own to begin anew.
    await app.ctx.groupCommit.rules.reload(fleet.fleetId)
    return { id: result.deadLetterId, recordId: mutation.recordId }
  }
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'done',
      (error: unknown) => (error as { tidemarkCode?: string }).tidemarkCode ?? String(error),
    )
  const isThere = async (recordId: string): Promise<boolean> =>
    (await held.storage.sync.getRecord(fleet.fleetId, 'notes', recordId)) !== null
  const statusOf = async (id: string) => (await getDeadLetter(app.ctx, at(id))).letter.status
  /** Whoever is told `done` had its effect, and nothing of the other is there. */
  async function expectOneOf(
    first: string,
    second: string,
    { id, recordId }: { id: string; recordId: string },
  ) {
    const discarded = [['not_replayable', 'done'], 'discarded', false]
    const replayed = [['done', 'not_replayable'], 'replayed', true]
    const found = [[first, second], await statusOf(id), await isThere(recordId)]
    expect([discarded, replayed]).toContainEqual(found)
    expect(errors).toEqual([])
  }

  it.each([
    ['replay', (id: string) => replay(app.ctx, at(id))],
    [
      'edit',
      (id: string) => edit(app.ctx, at(id, { op: { type: 'put', data: { title: 'b' } }, reason: 'x' })),
    ],
  ])('[ID3] %s and discard: one wins, the other is not_replayable', async (_, run) => {
    const letter = await mendedLetter()
    let other = Promise.resolve('not yet')
    between = () => (other = codeOf(discard(app.ctx, at(letter.id, { reason: 'x' }))))
    const first = await codeOf(run(letter.id))
    await expectOneOf(first, await other, letter)
  })

  it('[DL17] a bulk replay passes over what is discarded meanwhile, and no error is logged', async () => {
    const letter = await mendedLetter()
    const body = { kind: 'replay', letters: [letter.id], reason: 'x' }
    const { id } = await createOperation(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    let other = Promise.resolve('not yet')
    between = () => (other = codeOf(discard(app.ctx, at(letter.id, { reason: 'x' }))))
    await turnOperation(app.ctx, 'start', at(id))
    await lookForOperations(app.ctx)
    const operation = () => getOperation(app.ctx, at(id))
    for (let n = 0; n < 300 && (await operation()).state === 'running'; n++) await pause(50)
    await stopOperations(app.ctx)
    const { state, outcomes } = await operation()
    const [outcome] = outcomes
    expect([state, outcome?.outcome === 'applied' || outcome?.outcome === 'closed']).toEqual([
      'completed',
      true,
    ])
    await expectOneOf(outcome?.outcome === 'applied' ? 'done' : 'not_replayable', await other, letter)
  })
})
