import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import type { AppSchemas } from '#lib/client/collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const schemaOf = (name: string): JsonObject => ({
  type: 'object',
  required: [name],
  properties: { [name]: { type: 'string' }, urgent: { type: 'boolean' } },
  additionalProperties: false,
})

/** Apps that are older and newer than what is published, over a socket and PostgreSQL. */
describe('schema versions of the app', () => {
  let world: DeviceHttp
  let id: string
  let published = 1
  beforeAll(async () => {
    world = await deviceHttp()
    const body = { name: 'tasks', strategy: 'field-merge', schema: schemaOf('title') }
    id = (await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })).id
  })
  afterAll(() => world.close())

  /** Version 2 calls the title a name, version 3 the name a label. */
  const publish = async (name: string, ops: readonly object[]): Promise<void> => {
    const body = {
      schema: schemaOf(name),
      upMigrations: [{ from: published, to: published + 1, ops }],
      version: published,
    }
    await publishCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, id, body })
    published += 1
  }
  const app = (version: number, name: string): Promise<Replica> => {
    const schemas: AppSchemas = { tasks: { version, schema: schemaOf(name) } }
    return world.replica({ schemas })
  }
  const dataOf = async (replica: Replica, recordId: string): Promise<unknown> =>
    (await replica.collection('tasks').get(recordId))?.data

  it('[DL5] an older app writes its own version, which is brought up; a newer one waits for its own', async () => {
    const [old, modern, early] = [await app(1, 'title'), await world.replica(), await app(3, 'label')]
    for (const replica of [old, modern, early]) await replica.sync()
    const { recordId } = await old.collection('tasks').put(null, { title: 'before' })
    await old.sync()
    await publish('name', [{ op: 'rename', path: '/title', to: '/name' }])
    for (const replica of [old, modern]) await replica.sync()

    const made = await old.collection('tasks').put(null, { title: 'by the old app' })
    await expect(old.collection('tasks').put(null, { name: 'not its own' })).rejects.toMatchObject({
      code: 'invalid_data',
    })
    await old
      .collection('tasks')
      .patch(recordId, { set: { title: 'changed', urgent: true } }, { validate: false })
    expect(await old.sync()).toMatchObject({ pending: 0, problem: null })
    expect(old.deadLetters$.get()).toEqual([])
    await modern.sync()
    expect(await dataOf(modern, made.recordId)).toEqual({ name: 'by the old app' })
    expect(await dataOf(modern, recordId)).toEqual({ name: 'changed', urgent: true })

    const ahead = await early.collection('tasks').put(null, { label: 'of tomorrow' })
    await early.sync()
    expect(early.deadLetters$.get()).toMatchObject([{ code: 'schema_ahead' }])
    await publish('label', [{ op: 'rename', path: '/name', to: '/label' }])
    await early.sync()
    expect(await dataOf(early, ahead.recordId)).toEqual({ label: 'of tomorrow' })
    for (const replica of [old, modern, early]) await replica.close()
  })

  it('[DL5] a version that is none is refused at the opening', async () => {
    for (const version of [0, 1.5, -1]) {
      const opening = world.replica({ schemas: { tasks: { version } } })
      await expect(opening).rejects.toMatchObject({ code: 'invalid_options' })
    }
  })
})
