import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { resolveByRule } from '#lib/application/conflicts/resolve-by-rule.ts'
import { listOperationItems } from '#lib/application/operations/list-operations.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import { OPERATION_WAITS_MAX } from '#lib/protocol/limits.ts'
import { changeOf, commit, conflictEffect } from '#tests/contract/storage/world.ts'
import type { AuthorityServer } from '#tests/support/authority-server.ts'
import { openAuthorityWorld } from '#tests/support/authority-world.ts'
import { NOTES_SCHEMA, type TestApp, type TestFleet } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import { STORAGES, type TestStorage } from '#tests/support/storages.ts'

/** The one whose stream `commit` takes. */
const collection = 'reports'

describe.each(STORAGES)('a rule over conflicts of a collection with an authority, on $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let authority: AuthorityServer
  let close: () => Promise<void>
  const records = [randomUUID(), randomUUID()]
  beforeEach(async () => {
    const world = await openAuthorityWorld(await open(), 300)
    ;({ held, app, fleet, authority, close } = world)
    const body = {
      name: collection,
      strategy: 'manual',
      schema: NOTES_SCHEMA,
      authority: { url: authority.url, timeoutMs: 300 },
    }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    const deviceId = world.device.id
    const shared = { collection, deviceId }
    await commit(held.storage, fleet.fleetId, (head) =>
      records.flatMap((recordId, i) => {
        const version = head + 1 + i
        const conflict = conflictEffect({
          outcome: 'manual',
          fields: ['/title'],
          schemaVersion: 1,
          base: { title: 'base' },
          local: { title: 'mine' },
          remote: { title: 'theirs' },
          remoteVersion: version,
          result: null,
          resolution: null,
        })
        return [
          changeOf({ ...shared, recordId, version, data: { title: 'theirs' } }),
          changeOf({ ...shared, recordId, version: null, conflict }),
        ]
      }),
    )
    authority.asked.length = 0
  })
  afterEach(() => close())

  const at = (id: string, body: unknown = {}) => ({ actor: SYSTEM, fleetId: fleet.fleetId, id, body })
  const begun = async (): Promise<string> => {
    const body = { rule: 'mine', before: Date.now() + 60_000, reason: 'as seen', count: records.length }
    return (await resolveByRule(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })).id
  }
  const fates = async (id: string) =>
    (await listOperationItems(app.ctx, { ...at(id), query: {} })).items.map(
      ({ outcome, code, detail }) => [outcome, code, detail] as const,
    )
  const titles = () =>
    Promise.all(
      records.map(
        async (id) => (await held.storage.sync.getRecord(fleet.fleetId, collection, id))?.data?.['title'],
      ),
    )

  it('[CS11] [AU1] each is asked about, once', async () => {
    const id = await begun()
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({ state: 'completed', done: 2 })
    expect(authority.asked).toHaveLength(2)
    expect(await titles()).toEqual(['mine', 'mine'])
  })

  it('[CS11] [DL15] what it refuses stays open and counts as failed; what it says is not repeated', async () => {
    authority.refuse('the customer is unknown')
    const id = await begun()
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({
      state: 'paused',
      pause: { by: 'stage', detail: 'every conflict of its first stages failed' },
      errored: 1,
    })
    await turnOperation(app.ctx, 'resume', at(id))
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({ state: 'completed', errored: 2 })
    expect(await fates(id)).toEqual(Array(2).fill(['refused', 'decided_against', null]))
    expect(await held.storage.conflicts.countOpen(fleet.fleetId)).toBe(2)
    expect(await titles()).toEqual(['theirs', 'theirs'])
  })

  it('[CS11] [DL17] where it is silent a conflict keeps its place, so often, and nobody is asked about the next', async () => {
    authority.answer = () => null
    const id = await begun()
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({
      state: 'paused',
      errored: 1,
      done: 0,
    })
    expect((await fates(id))[0]?.slice(0, 2)).toEqual(['no_answer', 'authority_unavailable'])
    expect(authority.asked).toHaveLength(OPERATION_WAITS_MAX)
    authority.accept()
    await turnOperation(app.ctx, 'resume', at(id))
    expect(await runOperation(app.ctx, fleet.fleetId, id)).toMatchObject({
      state: 'completed',
      done: 1,
      errored: 1,
    })
    expect((await titles()).toSorted()).toEqual(['mine', 'theirs'])
  })
})
