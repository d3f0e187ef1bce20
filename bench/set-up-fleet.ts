import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Context } from '#lib/application/context.ts'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'

export interface SetUpFleet {
  readonly fleetId: string
  readonly enrollmentKey: string
}

/** A new fleet with the demo's collections and these, and a key with which devices enroll. */
export async function setUpFleet(
  ctx: Context,
  name: string,
  settings: object = {},
  collections: readonly object[] = [],
): Promise<SetUpFleet> {
  const { id: fleetId } = await createFleet(ctx, { actor: SYSTEM, body: { name, settings } })
  for (const body of [...DEMO_COLLECTIONS, ...collections])
    await createCollection(ctx, { actor: SYSTEM, fleetId, body })
  const { key } = await createEnrollmentKey(ctx, {
    actor: SYSTEM,
    fleetId,
    body: { name: `${name} devices` },
  })
  return { fleetId, enrollmentKey: key }
}
