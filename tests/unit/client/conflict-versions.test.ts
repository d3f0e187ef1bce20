import { expect, test } from 'vitest'
import type { Json } from '#lib/kernel/json.ts'
import { COLLECTION } from './support/authority.ts'
import type { World } from './support/device.ts'
import { createWorld } from './support/device.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'
const CONFLICT = '01900000-0000-7000-8000-0000000000c1'
const RENAMED = { from: 1, to: 2, ops: [{ op: 'rename' as const, path: '/title', to: '/name' }] }

/** The collection's next schema version, in which the title is a name. */
function publish({ authority }: World): void {
  const [collection] = authority.config.collections
  if (!collection) throw new Error('the authority has a collection')
  const next = { ...collection, schema: true, schemaVersion: 2, upMigrations: [RENAMED] }
  authority.config = { ...authority.config, version: 2, collections: [next] }
}

async function inConflict(world: World, schemas?: object) {
  const replica = await world.open(schemas ? { schemas: { [COLLECTION]: schemas } as never } : {})
  const { authority } = world
  await replica.sync()
  const record = authority.write(RECORD, { title: 'theirs' })
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record, conflictId: CONFLICT })
  await replica.collection(COLLECTION).put(RECORD, { title: 'mine' })
  await replica.sync()
  return replica
}

const both = async (
  replica: Awaited<ReturnType<typeof inConflict>>,
): Promise<readonly (Json | undefined)[]> => [
  (await replica.collection(COLLECTION).get(RECORD))?.data,
  replica.conflicts$.get()[0]?.record?.data,
  replica.conflicts$.get()[0]?.record?.schemaVersion,
]

test("[DL5] a conflict's record is of the version that the device shows its own side in", async () => {
  const world = createWorld()
  const replica = await inConflict(world)
  expect(await both(replica)).toEqual([{ title: 'mine' }, { title: 'theirs' }, 1])
  publish(world)
  for (let n = 0; n < 2; n++) await replica.sync()
  expect(await both(replica)).toEqual([{ name: 'mine' }, { name: 'theirs' }, 2])
  await replica.close()
})

test("[DL5] a conflict's record that an older app's device has is brought up no further than its own side", async () => {
  const world = createWorld()
  const replica = await inConflict(world, { version: 1 })
  publish(world)
  for (let n = 0; n < 2; n++) await replica.sync()
  const [mine, theirs, version] = await both(replica)
  expect([mine, theirs, version]).toEqual([{ title: 'mine' }, { title: 'theirs' }, 1])
  await replica.close()
})
