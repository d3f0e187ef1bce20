import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { createUser } from '#lib/application/access/users.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import type { Context } from '#lib/application/context.ts'
import { DEMO_COLLECTIONS, DEMO_FLEET_NAME } from '#lib/application/demo/collections.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'
import { listFleets } from '#lib/application/fleets/list-fleets.ts'

/** The demo's person: an administrator who signs in by link only. */
const DEMO_EMAIL = 'demo@tidemark.local'
/** Each run makes a key, which its devices use in its first minutes. */
const DEMO_KEY_LIFE_MS = 3_600_000
/** With forty devices, figures move within seconds, and each device still waits as a real one does. */
const DEMO_SETTINGS = { intervalMs: 15_000, backoff: { baseMs: 500, capMs: 30_000 } }

/**
 * Makes what the demo fleet works on, or finds it from an earlier run: fleet, collections, a fresh enrollment key,
 * and a sign-in link that works once.
 */
export async function prepareDemo(ctx: Context, baseUrl: string) {
  const actor = SYSTEM
  const known = (await listFleets(ctx, { actor })).find(({ name }) => name === DEMO_FLEET_NAME)
  const fleet =
    known ?? (await createFleet(ctx, { actor, body: { name: DEMO_FLEET_NAME, settings: DEMO_SETTINGS } }))
  const existing = await listCollections(ctx, { actor, fleetId: fleet.id })
  for (const collection of DEMO_COLLECTIONS) {
    const isThere = existing.some(({ name }) => name === collection.name)
    if (!isThere) await createCollection(ctx, { actor, fleetId: fleet.id, body: collection })
  }
  const body = { name: 'demo fleet', expiresAtMs: ctx.clock.now() + DEMO_KEY_LIFE_MS }
  const { key } = await createEnrollmentKey(ctx, { actor, fleetId: fleet.id, body })
  return { fleetId: fleet.id, enrollmentKey: key, signInLink: baseUrl + (await demoLink(ctx)) }
}

async function demoLink(ctx: Context): Promise<string> {
  const known = await ctx.storage.access.findUserByEmail(DEMO_EMAIL)
  if (known) return makeSignInLink(ctx, SYSTEM, known)
  await createUser(ctx, { actor: SYSTEM, body: { email: DEMO_EMAIL, name: 'Demo', role: 'admin' } })
  const made = await ctx.storage.access.findUserByEmail(DEMO_EMAIL)
  if (!made) throw new Error('assertion failed: the demo user was just made')
  return makeSignInLink(ctx, SYSTEM, made)
}
