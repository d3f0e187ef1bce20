import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Instance } from '#lib/storage/prisma/embedded/instance.ts'
import { freePort, startProgram, untilReady } from '../e2e/support/programs.ts'

/** The first start makes a cluster; the second one finds it. */
const READY_WITHIN_MS = 90_000
const TEST_TIMEOUT_MS = 150_000
const ENDED_WITHIN_MS = 30_000

describe('npm run dev', () => {
  let dataDir: string
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-dev-'))
  })
  afterAll(() => rm(dataDir, { recursive: true, force: true }))

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'serves, and leaves nothing behind after %s',
    async (signal) => {
      const url = `http://127.0.0.1:${await freePort()}`
      const server = startProgram(['scripts/dev.mjs'], {
        ...process.env,
        DATABASE_URL: undefined,
        DATABASE_DIRECT_URL: undefined,
        TIDEMARK_SECRET: undefined,
        TIDEMARK_URL: undefined,
        VITEST: undefined,
        PORT: new URL(url).port,
        TIDEMARK_DATA_DIR: dataDir,
      })
      onTestFinished(() => server.stop())
      await untilReady(url, server, READY_WITHIN_MS)
      // The device API, which is answered without Next.
      const pushed = await fetch(`${url}/api/v1/push`, { method: 'POST', body: '{}' })
      expect(pushed.status).toBe(401)
      const long = await fetch(`${url}/api/v1/pull?token=${'x'.repeat(45_000)}`)
      expect(await long.json()).toMatchObject({ code: 'unauthorized' })
      const longer = await fetch(`${url}/api/v1/pull?token=${'x'.repeat(70_000)}`)
      expect(longer.headers.get('content-type')).toBe('application/problem+json')
      expect(await longer.json()).toMatchObject({ status: 431, code: 'headers_too_large' })
      const { databaseUrl } = JSON.parse(
        await readFile(path.join(dataDir, 'instance.json'), 'utf8'),
      ) as Instance
      expect(await connects(databaseUrl)).toBe(true)

      server.signal(signal)
      const late = setTimeout(() => server.signal('SIGKILL'), ENDED_WITHIN_MS)
      expect(await server.ended, server.output()).toBe(0)
      clearTimeout(late)
      expect(server.output()).toContain('stopped')
      expect(await connects(databaseUrl)).toBe(false)
      await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed')
    },
    TEST_TIMEOUT_MS,
  )
})

async function connects(url: string | null): Promise<boolean> {
  const client = new pg.Client({ connectionString: url ?? '' })
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  )
}
