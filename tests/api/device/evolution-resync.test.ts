import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM, auditEntry } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import { STRATEGIES } from '#lib/protocol/device.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const DAY_MS = 86_400_000
const STEPS: readonly UpMigrationOp[] = [
  { op: 'rename', path: '/name', to: '/customer/name' },
  { op: 'rename', path: '/n', to: '/stats/n' },
  { op: 'rename', path: '/tags', to: '/stats/tags' },
  { op: 'rename', path: '/body', to: '/text/body' },
  { op: 'default', path: '/status', value: 'open' },
  { op: 'cel', path: '/total', cel: 'value * 100' },
]

const CAUSES = ['an expired token', 'a restore', "an operator's command"] as const
type Cause = (typeof CAUSES)[number]

/** Everything is read anew while work of an older schema version waits; over a socket and PostgreSQL. */
describe('a full sync across a schema version', () => {
  let world: DeviceHttp
  beforeAll(async () => void (world = await deviceHttp()))
  afterAll(() => world.close())

  async function cause(kind: Cause, fleetId: string, { deviceId }: Replica): Promise<void> {
    if (kind === 'an expired token') world.clock.aheadMs += 31 * DAY_MS
    else if (kind === 'a restore') {
      const audit = auditEntry(world.app.ctx, SYSTEM, { action: 'fleet.restore', target: fleetId, fleetId })
      await world.storage.fleets.raiseEpoch(fleetId, audit)
      world.app.ctx.directory.forget()
    } else {
      const told = { type: 'resync', reason: 'a test' }
      const answer = await world.admin('POST', `/devices/${deviceId}/commands?fleet=${fleetId}`, told)
      expect(answer.status).toBe(201)
    }
  }
  const settle = async (...replicas: readonly Replica[]): Promise<void> => {
    for (const replica of [...replicas, ...replicas])
      expect(await replica.sync()).toMatchObject({ problem: null, refused: 0 })
  }

  /** Under an unknown base, as after a restore, a person is asked where the strategy asks one of every concurrent change. */
  const asksPerson = (strategy: StrategyName, kind: Cause): boolean =>
    kind === 'a restore' && (strategy === 'fww' || strategy === 'manual')

  it.each(CAUSES.flatMap((kind) => STRATEGIES.map((strategy) => [kind, strategy] as const)))(
    '[DL5] after %s, by %s, what waits is brought up and nothing of it is lost',
    async (kind, strategy) => {
      const { ctx } = world.app
      const fleet = await world.fleetWith({})
      const { fleetId } = fleet
      const body = { name: 'tasks', strategy, schema: { type: 'object' } }
      const { id } = await createCollection(ctx, { actor: SYSTEM, fleetId, body })
      const store = openMemoryStore()
      const open = (version: number) => world.replica({ store, schemas: { tasks: { version } } }, fleet)
      let mine = await open(1)
      const other = await world.replica({}, fleet)
      await settle(mine, other)
      const tasks = (replica: Replica) => replica.collection('tasks')
      const { recordId } = await tasks(mine).put(null, { name: 'Ann', total: 2, body: 'hello' })
      if (strategy === 'crdt') {
        await tasks(mine).counter(recordId, 'n').increment(1)
        await tasks(mine).set(recordId, 'tags').add('kept')
        await tasks(mine).text(recordId, 'body').insert(5, '.')
      }
      await settle(mine, other)

      if (strategy === 'crdt') {
        // A patch of a CRDT is a difference from its base, which no server has after a restore.
        await tasks(mine).register(recordId, 'name').set('Bea')
        await tasks(mine).register(recordId, 'total').set(3)
        await tasks(mine).counter(recordId, 'n').increment(10)
        await tasks(mine).set(recordId, 'tags').add('waits')
      } else await tasks(mine).patch(recordId, { set: { name: 'Bea', total: 3 } })
      if (strategy === 'crdt' || strategy === 'ot') await tasks(mine).text(recordId, 'body').insert(0, '>')
      const made = await tasks(mine).put(null, { name: 'new', total: 1 })
      const changes = {
        schema: { type: 'object', title: '2' },
        upMigrations: [{ from: 1, to: 2, ops: STEPS }],
        version: 1,
      }
      await publishCollection(ctx, { actor: SYSTEM, fleetId, id, body: changes })
      await cause(kind, fleetId, mine)
      await settle(mine)
      await mine.close()
      mine = await open(2)
      await settle(other, mine)

      const [conflict] = mine.conflicts$.get()
      expect(conflict !== undefined).toBe(asksPerson(strategy, kind))
      if (conflict) {
        const version = (await tasks(other).get(recordId))?.version
        const answer = await world.admin(
          'POST',
          `/conflicts/${conflict.conflictId}/resolve?fleet=${fleetId}`,
          {
            choice: 'mine',
            version,
          },
        )
        expect(answer.status).toBe(200)
        await settle(mine, other)
      }
      const whole = {
        customer: { name: 'Bea' },
        total: 300,
        status: 'open',
        text: { body: strategy === 'crdt' ? '>hello.' : strategy === 'ot' ? '>hello' : 'hello' },
        ...(strategy === 'crdt' ? { stats: { n: 11, tags: ['kept', 'waits'] } } : {}),
      }
      for (const replica of [mine, other, await world.replica({}, fleet)]) {
        await settle(replica)
        expect(replica.deadLetters$.get()).toEqual([])
        expect(replica.conflicts$.get()).toEqual([])
        const [record, second] = [await tasks(replica).get(recordId), await tasks(replica).get(made.recordId)]
        expect(record).toMatchObject({ schemaVersion: 2, pending: 0 })
        expect(record?.data).toEqual(whole)
        expect(second?.data).toEqual({ customer: { name: 'new' }, total: 100, status: 'open' })
        await replica.close()
      }
    },
  )
})
