import { expect, test } from 'vitest'
import type { Replica } from '#lib/client/replica.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { Authority } from './support/authority.ts'
import { COLLECTION, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'

/** The app's version 1 calls `/name` the title. */
function publish(authority: Authority): void {
  authority.config = {
    ...authority.config,
    version: 2,
    collections: authority.config.collections.map((one) => ({
      ...one,
      schema: { type: 'object' },
      schemaVersion: 2,
      upMigrations: [{ from: 1, to: 2, ops: [{ op: 'rename', path: '/title', to: '/name' }] }],
    })),
  }
  const record = authority.write(RECORD, { name: 'theirs' })
  authority.records.set(RECORD, { ...record, schemaVersion: 2 })
}
const schemas = { [COLLECTION]: { version: 1 } }
const dataOf = async (replica: Replica): Promise<unknown> =>
  (await replica.collection(COLLECTION).get(RECORD))?.data
const rename = async (replica: Replica): Promise<void> => {
  await replica.collection(COLLECTION).patch(RECORD, { set: { title: 'mine' } })
  expect(await dataOf(replica)).toEqual({ name: 'mine' })
  await replica.close()
}
const paths = (authority: Authority): readonly string[] =>
  authority.requests.map(({ path }) => path.split('/').at(-1) as string)

test('[DL5] the first session after a publication reads the config before it keeps a record of it', async () => {
  const { authority, open } = createWorld()
  authority.write(RECORD, { title: 'before' })
  const replica = await open({ schemas })
  await replica.sync()
  publish(authority)
  authority.requests.length = 0
  await replica.sync()
  expect(paths(authority).slice(0, 2)).toEqual(['pull', 'config'])
  await rename(replica)
})

test('[DL5] a page that tells of a schema version ahead of what its own header names is no different', async () => {
  const { authority, open } = createWorld()
  authority.write(RECORD, { title: 'before' })
  const replica = await open({ schemas })
  await replica.sync()
  publish(authority)
  const now = authority.config
  authority.script.fault = ({ path }) => {
    authority.config = path.endsWith('/pull') ? { ...now, version: 1 } : now
    return undefined
  }
  await replica.sync()
  await rename(replica)
})

test('[DL5] the answer of a push is kept with the config that it names', async () => {
  const { authority, open } = createWorld()
  authority.write(RECORD, { title: 'before' })
  const replica = await open({ schemas })
  await replica.sync()
  await replica.collection(COLLECTION).patch(RECORD, { set: { title: 'own' } })
  publish(authority)
  const record = authority.records.get(RECORD) as WireRecord
  authority.script.result = ({ id }) => ({
    id,
    status: 'applied',
    version: record.version,
    record,
  })
  authority.script.fault = ({ path }) => (path.endsWith('/pull') ? problem(500, 'internal') : undefined)
  authority.requests.length = 0
  await replica.sync()
  expect(paths(authority).slice(0, 2)).toEqual(['push', 'config'])
  await rename(replica)
})

test('[DL5] without the config nothing of the answer is kept, and the next session asks again', async () => {
  const { authority, open } = createWorld()
  authority.write(RECORD, { title: 'before' })
  const replica = await open({ schemas })
  await replica.sync()
  await replica.collection(COLLECTION).patch(RECORD, { set: { title: 'own' } })
  publish(authority)
  authority.script.fault = ({ path }) => (path.endsWith('/config') ? problem(500, 'internal') : undefined)
  expect(await replica.sync()).toMatchObject({ pending: 1, problem: 'internal' })
  expect(await dataOf(replica)).toEqual({ title: 'own' })
  authority.script.fault = () => undefined
  expect(await replica.sync()).toMatchObject({ pending: 0, problem: null })
  expect(authority.pushes()).toHaveLength(2)
  expect([...authority.effects.values()]).toEqual([1])
  await replica.close()
})
