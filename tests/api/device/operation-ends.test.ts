import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { Leader } from '#lib/application/leader.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { getOperation } from '#lib/application/operations/list-operations.ts'
import { lookForOperations, stopOperations } from '#lib/application/operations/run-operations.ts'
import { cancelOldDrafts } from '#lib/application/operations/purge-operations.ts'
import { previewOperation } from '#lib/application/operations/preview-operation.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import { OPERATION_KEPT_MS, OPERATION_START_WITHIN_MS } from '#lib/protocol/limits.ts'
import type { AuditEntry, Storage } from '#lib/storage/ports.ts'
import type { AgingFleet } from '#tests/support/aging-fleet.ts'
import { agingFleet } from '#tests/support/aging-fleet.ts'
import { TestDevice, testFleet } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import { STORAGES } from '#tests/support/storages.ts'

const HOUR_MS = 3_600_000

describe.each(STORAGES)('the end of operations on $name', ({ open }) => {
  let world: AgingFleet
  beforeEach(async () => {
    world = await agingFleet(open)
  })
  afterEach(() => world.held.close())

  const at = (id: string, body: unknown = {}) => ({ actor: SYSTEM, fleetId: world.fleet.fleetId, id, body })
  const badOne = async (): Promise<string> => {
    const mutation = world.device.mutation({ op: { type: 'put', data: { title: 7 } } })
    const [result] = (await world.device.pushed([mutation])).results
    if (result?.status !== 'dead_lettered') throw new Error('not dead')
    return result.deadLetterId
  }
  const create = async (letters: readonly string[], kind = 'discard'): Promise<string> => {
    const body = { kind, letters, reason: 'a test' }
    return (await createOperation(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })).id
  }
  const ended = async (letters: readonly string[]): Promise<string> => {
    const id = await create(letters)
    await turnOperation(world.app.ctx, 'start', at(id))
    expect(await runOperation(world.app.ctx, world.fleet.fleetId, id)).toMatchObject({ state: 'completed' })
    return id
  }
  const there = async (ids: readonly string[]): Promise<readonly boolean[]> =>
    Promise.all(
      ids.map(async (id) => (await world.held.storage.operations.get(world.fleet.fleetId, id)) !== null),
    )
  const entriesOf = async (action: string): Promise<readonly AuditEntry[]> =>
    (
      await world.held.storage.audit.list(
        { fleetId: world.fleet.fleetId, action },
        { limit: 100, cursor: null },
      )
    ).items

  it('[DL24] the leader deletes what ended 90 days ago with its members; what has not ended stays', async () => {
    const [first, second, third, fourth] = [await badOne(), await badOne(), await badOne(), await badOne()]
    const done = await ended([first, second])
    const cancelled = await create([third])
    await turnOperation(world.app.ctx, 'cancel', at(cancelled))
    expect(await runOperation(world.app.ctx, world.fleet.fleetId, cancelled)).toMatchObject({
      state: 'cancelled',
    })
    const draft = await create([third, fourth])
    const { endedAtMs, keptUntilMs } = await getOperation(world.app.ctx, at(done))
    expect(keptUntilMs).toBe((endedAtMs ?? 0) + OPERATION_KEPT_MS)
    expect(await getOperation(world.app.ctx, at(draft))).toMatchObject({ keptUntilMs: null })
    const lead = async (): Promise<void> => {
      const leader = new Leader(world.app.ctx)
      await leader.turn()
      await leader.idle()
    }
    world.aheadMs = OPERATION_KEPT_MS - HOUR_MS
    await lead()
    expect(await there([done, cancelled, draft])).toEqual([true, true, true])
    world.aheadMs = OPERATION_KEPT_MS + HOUR_MS
    await lead()
    expect(await there([done, cancelled, draft])).toEqual([false, false, true])
    expect(
      await world.held.storage.operations.items(
        world.fleet.fleetId,
        done,
        { state: null, outcome: null },
        0,
        9,
      ),
    ).toEqual([])
    const expired = await entriesOf('operation.expire')
    expect(expired.map(({ target }) => target).toSorted()).toEqual([done, cancelled].toSorted())
    expect(expired.find(({ target }) => target === done)).toMatchObject({
      actor: { kind: 'system' },
      before: { kind: 'discard', state: 'completed', total: 2, done: 2 },
    })
    // What it did to a letter is that letter's history.
    expect((await entriesOf('dead-letter.discard')).map(({ reason }) => reason)).toEqual(
      [first, second].map(() => `operation ${done}: a test`),
    )
  })

  it('[DL24] a draft that nobody starts for 30 days is cancelled, and ends like the others', async () => {
    const [first, second] = [await badOne(), await badOne()]
    const [draft, looked, started] = [await create([first]), await create([first]), await create([second])]
    const { startByMs, createdAtMs } = await getOperation(world.app.ctx, at(draft))
    expect(startByMs).toBe(createdAtMs + OPERATION_START_WITHIN_MS)
    world.aheadMs = OPERATION_START_WITHIN_MS / 2
    await previewOperation(world.app.ctx, at(looked))
    await turnOperation(world.app.ctx, 'start', at(started))
    await turnOperation(world.app.ctx, 'pause', at(started))
    expect(await getOperation(world.app.ctx, at(started))).toMatchObject({ startByMs: null })
    const statesAt = async (ms: number) => {
      world.aheadMs = ms
      const leader = new Leader(world.app.ctx)
      await leader.turn()
      await leader.idle()
      return Promise.all(
        [draft, looked, started].map(async (id) => (await getOperation(world.app.ctx, at(id))).state),
      )
    }
    expect(await statesAt(OPERATION_START_WITHIN_MS - HOUR_MS)).toEqual(['draft', 'previewed', 'paused'])
    expect(await statesAt(OPERATION_START_WITHIN_MS + HOUR_MS)).toEqual(['cancelling', 'previewed', 'paused'])
    expect(await statesAt(2 * OPERATION_START_WITHIN_MS)).toEqual(['cancelling', 'cancelling', 'paused'])
    expect(await runOperation(world.app.ctx, world.fleet.fleetId, draft)).toMatchObject({
      state: 'cancelled',
      skipped: 1,
    })
    expect((await entriesOf('operation.cancel')).map(({ target, actor }) => [target, actor.kind])).toEqual([
      [looked, 'system'],
      [draft, 'system'],
    ])
  })

  it('[DL24] one that somebody looks at anew at the moment of its end stays', async () => {
    const id = await create([await badOne()])
    world.aheadMs = OPERATION_START_WITHIN_MS + HOUR_MS
    const { operations } = world.held.storage
    const unstarted: typeof operations.unstarted = async (...of) => {
      const ids = await operations.unstarted(...of)
      await previewOperation(world.app.ctx, at(id))
      return ids
    }
    const storage: Storage = { ...world.held.storage, operations: { ...operations, unstarted } }
    await cancelOldDrafts({ ...world.app.ctx, storage }, world.fleet.fleetId)
    expect(await getOperation(world.app.ctx, at(id))).toMatchObject({ state: 'previewed' })
  })

  it('[DL12] what fails again and again for no reason of the storage has failed, with what was left skipped', async () => {
    const letters = [await badOne(), await badOne(), await badOne()]
    const id = await create(letters)
    await turnOperation(world.app.ctx, 'start', at(id))
    let turns = 0
    const { operations } = world.held.storage
    const broken = {
      ...world.app.ctx,
      log: { ...world.app.ctx.log, error: () => undefined },
      storage: {
        ...world.held.storage,
        operations: {
          ...operations,
          hold: ((fleetId, operationId, work) =>
            operations.hold(fleetId, operationId, (tx) =>
              work({
                ...tx,
                letters: async (ids) => {
                  // The first runs; from then on something is wrong with what is read.
                  if ((turns += 1) > 1) throw new Error('a letter that nobody can read')
                  return tx.letters(ids)
                },
              }),
            )) as typeof operations.hold,
        },
      },
    }
    await lookForOperations(broken)
    const row = async () => world.held.storage.operations.get(world.fleet.fleetId, id)
    for (let n = 0; n < 300 && (await row())?.state === 'running'; n++) await pause(100)
    await stopOperations(broken)
    const failed = await getOperation(world.app.ctx, at(id))
    expect(failed).toMatchObject({
      state: 'failed',
      done: 1,
      skipped: 2,
      errored: 0,
      total: 3,
      pending: 0,
      actions: [],
    })
    expect(failed.keptUntilMs).toBe((failed.endedAtMs ?? 0) + OPERATION_KEPT_MS)
    expect(failed.outcomes).toEqual([
      { outcome: 'cancelled', code: 'operation_failed', count: 2 },
      { outcome: 'discarded', code: null, count: 1 },
    ])
    expect(await entriesOf('operation.fail')).toMatchObject([
      { target: id, actor: { kind: 'system' }, reason: 'Error: a letter that nobody can read' },
    ])
    // What was not reached is as it was, and another operation takes it.
    expect(await world.held.storage.deadLetters.countOpen(world.fleet.fleetId)).toBe(2)
    expect(await create(letters)).not.toBe(id)
    await expect(turnOperation(world.app.ctx, 'resume', at(id))).rejects.toMatchObject({
      tidemarkCode: 'operation_state',
    })
  }, 60_000)

  it('[DL16] one statement finds what runs in any fleet, of each its oldest first, and no more than are asked for', async () => {
    let asked = 0
    const operations: typeof world.held.storage.operations = {
      ...world.held.storage.operations,
      working: async (most) => {
        asked += 1
        return (await world.held.storage.operations.working(most)).filter(() => false)
      },
    }
    const running = async (): Promise<string> => {
      const id = await create([await badOne()])
      await turnOperation(world.app.ctx, 'start', at(id))
      return id
    }
    const [first, second] = [await running(), await running()]
    await create([await badOne()])
    const home = world.fleet
    world.fleet = await testFleet(world.app)
    world.device = await TestDevice.enroll(world.app, world.fleet)
    const third = await running()
    const found = await world.held.storage.operations.working(9)
    expect(found).toEqual([
      { fleetId: home.fleetId, id: first },
      { fleetId: world.fleet.fleetId, id: third },
      { fleetId: home.fleetId, id: second },
    ])
    expect(await world.held.storage.operations.working(2)).toEqual(found.slice(0, 2))
    const looker = { ...world.app.ctx, storage: { ...world.held.storage, operations } }
    await lookForOperations(looker)
    expect(asked).toBe(1)
    await turnOperation(world.app.ctx, 'pause', at(third, { reason: 'x' }))
    expect((await world.held.storage.operations.working(9)).map(({ id }) => id)).toEqual([first, second])
  })

  it('[DL24] so many members go at a time, and an operation with the last of its own', async () => {
    const letters = [await badOne(), await badOne(), await badOne()]
    const [three, one] = [await ended(letters), await ended([await badOne()])]
    const purge = () =>
      world.held.storage.operations.purge(world.fleet.fleetId, Date.now() + HOUR_MS, 2, ({ id }) => ({
        ...(audit as AuditEntry),
        id: world.app.ctx.ids(),
        target: id,
      }))
    const [audit] = await entriesOf('operation.create')
    expect(
      await world.held.storage.operations.purge(world.fleet.fleetId, 0, 9, () => audit as AuditEntry),
    ).toEqual({
      items: 0,
      operations: 0,
    })
    expect([await purge(), await there([three, one])]).toEqual([{ items: 2, operations: 0 }, [true, true]])
    expect([await purge(), await there([three, one])]).toEqual([{ items: 2, operations: 2 }, [false, false]])
    expect(await purge()).toEqual({ items: 0, operations: 0 })
  })
})
