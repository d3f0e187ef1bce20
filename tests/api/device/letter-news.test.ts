import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { discard } from '#lib/application/dead-letters/discard.ts'
import { restore } from '#lib/application/dead-letters/restore.ts'
import { tellUntoldDevices } from '#lib/application/devices/tell-letters.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import type { WireCommand } from '#lib/protocol/command.ts'
import { COMMANDS_PENDING_MAX } from '#lib/protocol/command.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { AgingFleet } from '#tests/support/aging-fleet.ts'
import { agingFleet } from '#tests/support/aging-fleet.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import { STORAGES } from '#tests/support/storages.ts'

const DAY_MS = 86_400_000
const LETTERS = 2 * COMMANDS_PENDING_MAX + 5

/** Of any number of letters a device is told, however long it stays away, and whatever becomes of the process. */
describe.each(STORAGES)('news of letters on $name', ({ open }) => {
  let world: AgingFleet
  beforeEach(async () => {
    world = await agingFleet(open)
  })
  afterEach(() => world.held.close())

  const at = (id: string, body: unknown = { reason: 'a test' }) => ({
    actor: SYSTEM,
    fleetId: world.fleet.fleetId,
    id,
    body,
  })
  const badOnes = async (count: number): Promise<readonly string[]> => {
    const bad = () => world.device.mutation({ op: { type: 'put', data: { title: 7 } } })
    const { results } = await world.device.pushed(Array.from({ length: count }, bad))
    return results.map((one) => (one.status === 'dead_lettered' ? one.deadLetterId : ''))
  }
  const heartbeat = async (ackCommands: readonly string[] = []): Promise<readonly WireCommand[]> => {
    const body = { report: { ...world.device.report(), ackCommands: [...ackCommands] } }
    const answer = await world.device.send('POST', '/api/v1/heartbeat', { body })
    expect(answer.status).toBe(200)
    return JSON.parse(answer.headers.get('tidemark-commands') ?? '[]') as WireCommand[]
  }
  /** What a device without a stream hears until it hears nothing new. */
  const heard = async (): Promise<readonly string[]> => {
    const all: string[] = []
    for (let commands = await heartbeat(), n = 0; commands.length > 0 && n < 20; n++) {
      expect(commands.length).toBeLessThanOrEqual(COMMANDS_PENDING_MAX)
      all.push(...commands.map(({ type, deadLetterId }) => `${type} ${deadLetterId}`))
      await heartbeat(commands.map(({ id }) => id))
      commands = await heartbeat()
    }
    return all.toSorted()
  }
  const bulkDiscard = async (): Promise<void> => {
    const body = { kind: 'discard', q: 'code:schema_mismatch', reason: 'a test' }
    const { id } = await createOperation(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
    await turnOperation(world.app.ctx, 'start', at(id, {}))
    expect(await runOperation(world.app.ctx, world.fleet.fleetId, id)).toMatchObject({
      state: 'completed',
      done: LETTERS,
    })
  }
  const discarded = (ids: readonly string[]): readonly string[] =>
    ids.map((id) => `discarded ${id}`).toSorted()

  it('[CM1] [CM4] a device hears of each letter of a bulk action, more than may wait at a time', async () => {
    const ids = await badOnes(LETTERS)
    await bulkDiscard()
    expect(await heard()).toEqual(discarded(ids))
    expect(await heartbeat()).toEqual([])
  })

  it('[CM4] a device that was away for weeks hears of all of them', async () => {
    const ids = await badOnes(LETTERS)
    await bulkDiscard()
    world.aheadMs = 25 * DAY_MS
    expect(await heard()).toEqual(discarded(ids))
  })

  it('[CM4] what a process that was killed did not tell any more the leader tells', async () => {
    const [id = ''] = await badOnes(1)
    const killed = new Error('killed')
    const deadLetters = {
      ...world.held.storage.deadLetters,
      tell: (): Promise<never> => Promise.reject(killed),
    }
    const storage: Storage = { ...world.held.storage, deadLetters }
    await discard({ ...world.app.ctx, storage }, at(id))
    expect(await heartbeat()).toEqual([])
    await tellUntoldDevices(world.app.ctx, world.fleet.fleetId)
    expect(await heard()).toEqual(discarded([id]))
  })

  it('[CM4] one that is open again is no news, and is told once more when it is closed again', async () => {
    const [id = ''] = await badOnes(1)
    await discard(world.app.ctx, at(id))
    expect(await heard()).toEqual(discarded([id]))
    await restore(world.app.ctx, at(id))
    await tellUntoldDevices(world.app.ctx, world.fleet.fleetId)
    expect(await heartbeat()).toEqual([])
    await discard(world.app.ctx, at(id))
    expect(await heard()).toEqual(discarded([id]))
  })

  it('[CM4] of a device that nobody serves any more nothing is left to be told', async () => {
    await badOnes(LETTERS)
    const order = { command: null, status: 'revoked' as const, nowMs: Date.now() }
    await world.held.storage.devices.command(world.fleet.fleetId, world.device.id, order, null)
    await bulkDiscard()
    expect(await world.held.storage.deadLetters.untold(world.fleet.fleetId, null, 10)).toEqual([])
  })

  it('[CM4] nor of one that was revoked while the news of some of its letters waited', async () => {
    await badOnes(LETTERS)
    await bulkDiscard()
    expect(await world.held.storage.deadLetters.untold(world.fleet.fleetId, null, 10)).toHaveLength(1)
    const order = { command: null, status: 'revoked' as const, nowMs: Date.now() }
    await world.held.storage.devices.command(world.fleet.fleetId, world.device.id, order, null)
    await tellUntoldDevices(world.app.ctx, world.fleet.fleetId)
    expect(await world.held.storage.deadLetters.untold(world.fleet.fleetId, null, 10)).toEqual([])
  })
})
