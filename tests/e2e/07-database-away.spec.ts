import type { Page } from '@playwright/test'
import { startFaultProxy, type FaultProxy } from '#tests/support/fault-proxy.ts'
import { freePort, startProgram, untilReady, type Program } from './support/programs.ts'
import { expect, signIn, test } from './support/test.ts'
import type { World } from './support/world.ts'

const READY_TIMEOUT_MS = 60_000
/** Longer than a page is without news: the watch looks each second, a page refreshes every five. */
const AWAY_MS = 12_000
const WORDS = 'The database cannot be reached'

/** A server of its own on the world's database, whose way there can be cut. */
async function startBehind(world: World, proxy: FaultProxy): Promise<{ url: string; server: Program }> {
  const database = new URL(world.database.url)
  database.port = String(proxy.port)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = startProgram(['scripts/server.mjs'], {
    ...process.env,
    DATABASE_URL: database.href,
    DATABASE_DIRECT_URL: database.href,
    TIDEMARK_SECRET: world.database.secret,
    TIDEMARK_URL: url,
    PORT: String(port),
  })
  await untilReady(url, server, READY_TIMEOUT_MS)
  return { url, server }
}

/** A page that no refresh has loaded anew keeps this. */
const mark = (page: Page): Promise<unknown> =>
  page.evaluate(() => Object.assign(window, { sameDocument: true }))

test('with the database away a page keeps what it shows, says so, and follows again by itself', async ({
  browser,
  world,
}) => {
  const proxy = await startFaultProxy({
    port: Number(new URL(world.database.url).port),
    seed: 1,
    share: 1,
    kinds: [],
  })
  const { url, server } = await startBehind(world, proxy)
  const context = await browser.newContext({ baseURL: url })
  try {
    const page = await context.newPage()
    await signIn(page, world.admin)
    await page.goto(`/overview?fleet=${world.fleetId}&range=15m`)
    const lag = page.getByRole('article', { name: 'Sync lag' })
    await expect(page.getByRole('button', { name: /^Live\b/ })).toBeVisible()
    await mark(page)
    // This one is not told, and refreshes into the outage every few seconds.
    const untold = await context.newPage()
    const change = { contentType: 'text/event-stream', body: 'data: {"event":"changed","topics":[]}\n\n' }
    await untold.route('**/api/admin/v1/stream*', (route) => route.fulfill(change))
    await untold.goto(`/devices?fleet=${world.fleetId}`)
    const devices = untold.getByRole('table', { name: 'Devices, by last contact' })
    await expect(devices).toBeVisible()
    await mark(untold)

    proxy.begin(() => ({ kind: 'cut_request', afterBytes: 1 }))
    await expect(page.getByRole('button', { name: /^Database away/ })).toBeVisible()
    await expect(untold.getByRole('button', { name: /^Database away/ })).toBeVisible()
    await page.waitForTimeout(AWAY_MS)
    await expect(devices).toBeVisible()
    await expect(lag).toBeVisible()
    await expect(page.getByRole('navigation', { name: 'Main' }).first()).toContainText('Dead letters')
    await expect(page.getByText(WORDS)).toHaveCount(0)

    const fresh = await context.newPage()
    const answer = await fresh.goto(`/devices?fleet=${world.fleetId}`)
    expect([answer?.status(), answer?.headers()['retry-after']]).toEqual([503, '2'])
    await expect(fresh.getByRole('alert').filter({ hasText: WORDS })).toContainText('database_unavailable')
    await expect(fresh.getByRole('navigation', { name: 'Main' }).first()).toContainText('Dead letters')
    await expect(fresh.getByRole('heading', { level: 1 })).toBeVisible()

    proxy.heal()
    await expect(page.getByRole('button', { name: /^Live\b/ })).toBeVisible()
    await expect(untold.getByRole('button', { name: /^Database away/ })).toHaveCount(0)
    await expect(devices).toBeVisible()
    for (const kept of [page, untold]) expect(await kept.evaluate(() => 'sameDocument' in window)).toBe(true)
    await expect(fresh.getByRole('table', { name: 'Devices, by last contact' })).toBeVisible()
    await expect(fresh.getByRole('button', { name: /your menu/ })).toBeVisible()
  } finally {
    await context.close()
    await server.stop()
    await proxy.close()
  }
})
