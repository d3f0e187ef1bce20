import type { Page } from '@playwright/test'
import { postAdmin } from './test.ts'
import type { World } from './world.ts'

export interface OwnFleet {
  readonly fleetId: string
  readonly collectionId: string
  /** A world whose devices enroll in the fleet. */
  readonly own: World
}

/** A fleet of a test's own with one collection, so that its verdict is about what this test does alone. */
export async function ownFleet(
  page: Page,
  world: World,
  { name, schema }: { readonly name: string; readonly schema: object },
): Promise<OwnFleet> {
  const { id: fleetId } = await postAdmin<{ id: string }>(page, world, '/fleets', {
    name: `walk ${Date.now()}`,
  })
  const { id: collectionId } = await postAdmin<{ id: string }>(page, world, '/collections', {
    fleet: fleetId,
    name,
    strategy: 'lww',
    schema,
  })
  const { key } = await postAdmin<{ key: string }>(page, world, '/enrollment-keys', {
    fleet: fleetId,
    name: 'walk',
    access: { [name]: 'write' },
  })
  return { fleetId, collectionId, own: { ...world, fleetId, enrollmentKey: key } }
}
