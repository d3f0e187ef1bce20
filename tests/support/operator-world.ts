import { createHmac } from 'node:crypto'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { AuthSettings } from '#lib/application/access/auth-settings.ts'
import type { Context } from '#lib/application/context.ts'
import { createContext } from '#lib/application/create-context.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { answerAuth } from '#lib/http/admin/auth-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import type { Role, Storage } from '#lib/storage/ports.ts'
import { accessWorld, PASSWORD, type TestClock } from '#tests/support/access-world.ts'
import { heldToContract } from '#tests/support/by-contract.ts'
import { LOOPBACK_EGRESS } from '#tests/support/device-world.ts'

export const ORIGIN = 'http://127.0.0.1:3000'
export const SETTINGS: AuthSettings = { origin: ORIGIN, secret: 'a secret of the tests, long enough for all' }

export interface OperatorWorld {
  readonly ctx: Context
  readonly clock: TestClock
  /** Two fleets; nobody has to do with the second one unless a test says so. */
  readonly fleet: string
  readonly foreignFleet: string
  /** `/api/admin/v1` + path, as the server would answer it. */
  readonly admin: (path: string, init?: RequestInit) => Promise<Response>
  /** `/api/auth` + path. */
  readonly auth: (path: string, init?: RequestInit) => Promise<Response>
  /** A bearer header of a key with this role in the first fleet. */
  readonly keyFor: (role: Role, fleet?: string) => Promise<{ authorization: string }>
  /** The cookie header of a person who has signed in by password. */
  readonly signIn: (email: string) => Promise<{ cookie: string }>
}

export async function operatorWorld(storage?: Storage): Promise<OperatorWorld> {
  const access = accessWorld()
  const surroundings = {
    ...access,
    ...(storage ? { storage } : {}),
    random: seededRandom(11),
    secret: Buffer.alloc(32, 7),
    mac: (bytes: Uint8Array) => createHmac('sha256', 'tests').update(bytes).digest(),
    egress: LOOPBACK_EGRESS,
    metrics: createMetrics(),
    processId: 'test',
    processName: 'test',
    origin: ORIGIN,
  }
  const ctx = createContext(surroundings)
  const fleetNamed = async (name: string) => (await createFleet(ctx, { actor: SYSTEM, body: { name } })).id
  const fleet = await fleetNamed('Airfield US')
  const foreignFleet = await fleetNamed('Somebody else')
  const admin = async (path: string, init?: RequestInit) => {
    const request = new Request(`${ORIGIN}/api/admin/v1${path}`, init)
    return heldToContract(request.method, path, await answerAdmin(ctx, SETTINGS, ADMIN_ROUTES, request))
  }
  const auth = (path: string, init?: RequestInit) =>
    answerAuth(ctx, SETTINGS, new Request(`${ORIGIN}/api/auth${path}`, init))
  return {
    ctx,
    clock: access.clock,
    fleet,
    foreignFleet,
    admin,
    auth,
    keyFor: async (role, within = fleet) => {
      const { key } = await createApiKey(ctx, { actor: SYSTEM, body: { name: role, role, fleet: within } })
      return { authorization: `Bearer ${key}` }
    },
    signIn: async (email) => {
      const response = await auth('/callback/credentials', form({ email, password: PASSWORD }))
      return { cookie: cookiesFrom(response) }
    },
  }
}

/** A form as a browser on our own page sends it. */
export function form(
  fields: Record<string, string>,
  headers: Record<string, string> = { origin: ORIGIN },
): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  }
}

export function jsonBody(method: string, body: unknown, headers: Record<string, string>): RequestInit {
  return { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

/** The cookies that a response sets, as the browser would send them back. */
export function cookiesFrom(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0] ?? '')
    .join('; ')
}
