import { openDevice } from './device.ts'
import { expect } from './test.ts'
import type { World } from './world.ts'

const SCHEMA = {
  type: 'object',
  required: ['speedKnots'],
  additionalProperties: false,
  properties: { speedKnots: { type: 'integer' } },
}

/** The collection of those tests whose devices run a bad release. */
export const GUSTS = { name: 'gusts', schema: SCHEMA } as const

/** Its second version, to which an up-migration leads. */
export const NEXT_SCHEMA = {
  ...SCHEMA,
  properties: { ...SCHEMA.properties, gustKnots: { type: 'integer' } },
}

/** A release that writes what no schema here allows. @returns the ids of its records, each a dead letter */
export async function badRelease(own: World, data: object, letters: number): Promise<readonly string[]> {
  const device = await openDevice(own, 'Walk writer')
  const ids: string[] = []
  for (let n = 0; n < letters; n++)
    ids.push((await device.collection(GUSTS.name).put(null, { ...data }, { validate: false })).recordId)
  await device.sync()
  expect(device.deadLetters$.get()).toHaveLength(letters)
  await device.close()
  return ids
}
