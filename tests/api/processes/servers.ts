import { createHash, randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { PushRequest } from '#lib/protocol/push.ts'
import { bundled } from '#tests/support/bundled.ts'
import type { Child } from '../../../bench/child.ts'
import { startChild } from '../../../bench/child.ts'
import type { PushingDevice } from '../../../bench/push/push-bodies.ts'
import type { Listening } from '../../../bench/push/serve.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'

/** Every process of one test has it, and commands beside it. */
export const SECRET = createHash('sha256').update('the processes of one test').digest('hex')

const REQUEST_TIMEOUT_MS = 30_000

export type Server = Child<Listening>

const serverProgram = async (): Promise<URL> => pathToFileURL(await bundled('bench/device-server.ts'))

/** A server process of its own; with a port it takes the place of one that has ended. `nodeArgs` are for Node itself. */
export const startServer = async (
  databaseUrl: string,
  port = '0',
  nodeArgs: readonly string[] = [],
): Promise<Server> =>
  startChild<Listening>(await serverProgram(), { env: environment(databaseUrl, port), nodeArgs })

/** One of the release before (tests/support/previous-release.ts), by its own program. */
export const startPreviousServer = (databaseUrl: string, program: URL, port = '0'): Promise<Server> =>
  startChild<Listening>(program, { env: environment(databaseUrl, port) })

/** The same, which also makes a fleet with the demo's collections. */
export const startServerWithFleet = async (databaseUrl: string): Promise<Child<Listening & SetUpFleet>> =>
  startChild(await serverProgram(), { env: environment(databaseUrl, '0'), args: [`fleet ${randomUUID()}`] })

const environment = (databaseUrl: string, port: string) => ({
  DATABASE_URL: databaseUrl,
  TIDEMARK_SECRET: SECRET,
  PORT: port,
})

export async function enrollAt(url: string, enrollmentKey: string): Promise<PushingDevice> {
  const device = { name: 'tablet', platform: 'ios', appVersion: '2.4.0' }
  const response = await fetch(`${url}/api/v1/enroll`, {
    method: 'POST',
    headers: headersOf(enrollmentKey),
    body: JSON.stringify({ requestId: randomUUID(), device }),
  })
  if (response.status !== 201) throw new Error(`enroll answered ${response.status}: ${await response.text()}`)
  const { deviceId, token, epoch } = (await response.json()) as EnrollResponse
  return { id: deviceId, token, epoch, seq: 0 }
}

/** The answer's status and its text, byte for byte. */
export async function pushTo(
  url: string,
  device: PushingDevice,
  push: PushRequest,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${url}/api/v1/push`, {
    method: 'POST',
    headers: headersOf(device.token),
    body: JSON.stringify(push),
    signal: AbortSignal.timeout(timeoutMs),
  })
  return { status: response.status, text: await response.text() }
}

export async function pullFrom(
  url: string,
  device: PushingDevice,
  token: string | null,
): Promise<PullResponse> {
  const query = new URLSearchParams({ collections: 'strike-reports', ...(token === null ? {} : { token }) })
  const response = await fetch(`${url}/api/v1/pull?${query}`, { headers: headersOf(device.token) })
  if (response.status !== 200) throw new Error(`pull answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as PullResponse
}

const headersOf = (bearer: string) => ({
  authorization: `Bearer ${bearer}`,
  'tidemark-app': '2.4.0;ios',
  'content-type': 'application/json',
})

/** Rows as the owner sees them, with this fleet's row-level security open. */
export async function rowsOf<R extends pg.QueryResultRow>(
  databaseUrl: string,
  fleetId: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly R[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(`SELECT set_config('app.fleet', $1, false)`, [fleetId])
    return (await client.query<R>(text, [...values])).rows
  } finally {
    await client.end()
  }
}
