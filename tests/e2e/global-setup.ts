import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort, runForJson, startProgram, untilReady } from './support/programs.ts'
import { oidcServer } from '#tests/support/oidc-world.ts'
import { publishWorld, type Account, type World } from './support/world.ts'

/** A build, when none was made before, is the longest part. */
const READY_TIMEOUT_MS = 240_000
const ADMIN: Account = { email: 'admin@example.org', password: 'a long sentence for the browser tests' }
const DIRECTORY_EMAIL = 'eve@example.org'
const TSX = ['--import', 'tsx']
/** Changes every few seconds, many of them on the same records: figures move while a test looks. */
const FLEET = ['--devices', '6', '--profile', 'conflict', '--seed', '7']

/** `npm start` on a data directory and a port of its own, and a small fleet. Returns what ends all of it. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-e2e-'))
  const running: { stop(): Promise<unknown> }[] = []
  const teardown = async (): Promise<void> => {
    for (const program of running.toReversed()) await program.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    await startWorld(dataDir, (program) => running.push(program))
    return teardown
  } catch (error) {
    await teardown()
    throw error
  }
}

async function startWorld(
  dataDir: string,
  started: (program: { stop(): Promise<unknown> }) => void,
): Promise<void> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const provider = await oidcServer(url, { sub: 'eve-1', email: DIRECTORY_EMAIL, email_verified: true })
  started(provider)
  const environment = {
    ...process.env,
    // The launcher sets these itself; ours would lead to another database.
    DATABASE_URL: undefined,
    DATABASE_DIRECT_URL: undefined,
    TIDEMARK_SECRET: undefined,
    TIDEMARK_URL: undefined,
    PORT: String(port),
    TIDEMARK_DATA_DIR: dataDir,
    TIDEMARK_ADMIN_EMAIL: ADMIN.email,
    TIDEMARK_ADMIN_PASSWORD: ADMIN.password,
    TIDEMARK_OIDC_ISSUER: provider.issuer,
    TIDEMARK_OIDC_CLIENT_ID: 'tidemark',
    TIDEMARK_OIDC_CLIENT_SECRET: provider.clientSecret,
    TIDEMARK_OIDC_NAME: 'Our directory',
    // Receivers of tests listen there.
    TIDEMARK_EGRESS_ALLOW: '127.0.0.1',
  }
  const server = startProgram(['scripts/start.mjs'], environment)
  started(server)
  await untilReady(url, server, READY_TIMEOUT_MS)
  const demo = [...TSX, 'scripts/tidemark.ts', 'demo', 'prepare', '--json']
  const prepared = await runForJson<Omit<World, 'url' | 'admin' | 'directoryEmail' | 'database'>>(demo, {
    ...environment,
    TIDEMARK_URL: url,
  })
  const connection = ['--url', url, '--enrollment-key', prepared.enrollmentKey]
  started(startProgram([...TSX, 'scripts/fleet.ts', ...connection, ...FLEET], environment))
  const { databaseUrl } = await readJson<{ databaseUrl: string }>(dataDir, 'instance.json')
  const { secret } = await readJson<{ secret: string }>(dataDir, 'secrets.json')
  publishWorld({
    ...prepared,
    url,
    admin: ADMIN,
    directoryEmail: DIRECTORY_EMAIL,
    database: { url: databaseUrl, secret },
  })
}

const readJson = async <T>(folder: string, file: string): Promise<T> =>
  JSON.parse(await readFile(path.join(folder, file), 'utf8')) as T
