import type { Page } from '@playwright/test'
import { axeFindings } from './support/axe.ts'
import { leaveDeadLetter } from './support/device.ts'
import { consolePages } from './support/pages.ts'
import { expect, postAdmin, test } from './support/test.ts'

const DESKTOP = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }
/** There are many pages, and axe takes a second or more for each on a busy machine. */
const TIMEOUT_MS = 480_000
const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: DESKTOP },
  { name: 'dark', colorScheme: 'dark', viewport: DESKTOP },
  { name: 'dark on a phone', colorScheme: 'dark', viewport: PHONE },
] as const

// A page is loaded once and then looked at in all ways: a viewer turns a phone and a night comes without a new page.
test('every page holds together: light, dark, dark on a phone', async ({ adminPage: page, world }) => {
  test.setTimeout(TIMEOUT_MS)
  await leaveDeadLetter(world, 'E2E pages')
  await postAdmin(page, world, '/operations', {
    fleet: world.fleetId,
    kind: 'replay',
    q: 'status:open version:9.9.9',
    reason: 'to be looked at, not started',
  })
  await postAdmin(page, world, `/alerts/silences?fleet=${world.fleetId}`, {
    matchers: [{ label: 'rule', comparison: 'is', values: ['clock-skew'] }],
    comment: 'to be looked at',
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  })
  await postAdmin(page, world, '/alerts/channels', {
    fleet: world.fleetId,
    name: 'to be looked at',
    kind: 'pagerduty',
    // It is told nothing.
    enabled: false,
    settings: { routingKey: 'R0' },
  })
  // A colour on its way to another one has neither's contrast.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  for (const { path } of await consolePages(page, world.fleetId)) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.locator('.misread')).toHaveCount(0)
    for (const { name, colorScheme, viewport } of LOOKS)
      await test.step(`${path}, ${name}`, async () => {
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme })
        await expect.poll(() => isDark(page)).toBe(colorScheme === 'dark')
        expect(await overflowPx(page), 'sideways scrolling').toBeLessThanOrEqual(0)
        expect(await axeFindings(page), 'found by axe').toEqual([])
      })
  }
})

test('what a page does not understand of its address is said, and what it would be without it is shown', async ({
  adminPage: page,
  world,
}) => {
  await leaveDeadLetter(world, 'E2E address')
  for (const list of ['sessions', 'devices', 'dead-letters']) {
    await page.goto(`/${list}?fleet=${world.fleetId}&range=2h&result=failed&cursor=zzz`)
    const said = page.locator('.misread')
    for (const part of ['range=2h (it can be 15m', 'result=failed', 'cursor=zzz'])
      await expect(said).toContainText(part)
    await expect(page.locator('main tbody tr, main .causes a').first()).toBeVisible()
  }
  // What the browser itself adds to a request as it goes from page to page is none of it.
  await page.goto(`/sessions?fleet=${world.fleetId}`)
  await page.getByRole('link', { name: 'Devices' }).first().click()
  await page.waitForURL(/\/devices/)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.locator('.misread')).toHaveCount(0)
})

test('a page needs no more than 200 KB of script at first, and its charts come after that', async ({
  adminPage: page,
  world,
}) => {
  await leaveDeadLetter(world, 'E2E scripts')
  const scripts = new Map<string, { readonly bytes: number; readonly text: string }>()
  for (const { name, path } of await consolePages(page, world.fleetId)) {
    const html = await (await page.request.get(path)).text()
    const tags = [...html.matchAll(/<script\b[^>]*\bsrc="([^"]+)"[^>]*>/g)]
    let bytes = 0
    for (const [tag, url = ''] of tags.filter(([tag]) => !/nomodule/i.test(tag))) {
      const script = scripts.get(url) ?? (await scriptAt(page, url))
      scripts.set(url, script)
      bytes += script.bytes
      expect(script.text, `${name}: ${tag}`).not.toContain('recharts')
    }
    expect(bytes, name).toBeGreaterThan(50_000)
    expect(bytes, name).toBeLessThanOrEqual(200_000)
  }
})

test('lines stand in the page itself; what follows pointer and keys comes when somebody uses it', async ({
  adminPage: page,
  world,
}) => {
  await leaveDeadLetter(world, 'E2E lines')
  await page.goto(`/overview?fleet=${world.fleetId}&range=15m`)
  const charts = page.locator('figure .plot')
  await expect(charts.locator('svg.lines')).not.toHaveCount(0)
  await expect(page.locator('.recharts-wrapper')).toHaveCount(0)
  // A key that is pressed before the page hears any is no use of it.
  await expect(async () => {
    await page.keyboard.press('Tab')
    await expect(charts.locator('.recharts-wrapper')).not.toHaveCount(0, { timeout: 3_000 })
  }).toPass()
  await expect(charts.locator('svg.lines')).toHaveCount(0)
})

test('what no address of ours names is not found', async ({ adminPage: page, world }) => {
  for (const list of [
    'sessions',
    'devices',
    'dead-letters',
    'operations',
    'collections',
    'conflicts',
    'audit',
  ]) {
    for (const id of ['xyz', '0192f0a1-b2c3-7000-8000-000000000000']) {
      await page.goto(`/${list}/${id}?fleet=${world.fleetId}`)
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is no such thing in this fleet')
    }
  }
})

test('an address with values that mean nothing gives every page all the same', async ({
  adminPage: page,
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  await leaveDeadLetter(world, 'E2E nonsense')
  const nonsense = `q=%00&q=twice&cursor=bad&from=x&to=y&status=nonsense&collection=%00&version=${'x'.repeat(2_000)}&range=`
  for (const { path } of await consolePages(page, world.fleetId)) {
    const answer = await page.goto(`${path}&${nonsense}`)
    expect.soft([path, answer?.status()]).toEqual([path, 200])
    await expect.soft(page.getByRole('heading', { level: 1 }), path).toBeVisible()
    await expect.soft(page.getByText('did not load'), path).toHaveCount(0)
  }
})

test('the icon is also where browsers look for one by themselves', async ({ page }) => {
  const icon = await page.request.get('/favicon.ico')
  expect([icon.status(), icon.headers()['content-type']]).toEqual([200, 'image/svg+xml'])
})

test('the sign-in holds together on a phone', async ({ page }) => {
  await page.setViewportSize(PHONE)
  await page.goto('/sign-in')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  expect(await overflowPx(page)).toBeLessThanOrEqual(0)
})

/** As a browser is sent it. */
async function scriptAt(page: Page, url: string): Promise<{ bytes: number; text: string }> {
  const answer = await page.request.get(url, { headers: { 'accept-encoding': 'gzip, deflate, br' } })
  const headers = answer.headers()
  expect([headers['content-encoding'], headers['x-content-type-options']]).toEqual(['br', 'nosniff'])
  return { bytes: Number(headers['content-length']), text: await answer.text() }
}

const overflowPx = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** By the colour behind everything. */
const isDark = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    if (!canvas) throw new Error('no canvas')
    canvas.fillStyle = getComputedStyle(document.body).backgroundColor
    canvas.fillRect(0, 0, 1, 1)
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data
    return red + green + blue < 3 * 128
  })
