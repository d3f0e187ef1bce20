import type { BrowserContext } from '@playwright/test'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import { axeFindings } from './support/axe.ts'
import { expect, postAdmin, test } from './support/test.ts'

const [REPORTS] = DEMO_COLLECTIONS

test('a link that the console shows lets a phone in, which works offline and is seen in the console', async ({
  adminPage: page,
  browser,
  world,
}) => {
  const { id: fleet } = await postAdmin<{ id: string }>(page, world, '/fleets', {
    name: `field ${Date.now()}`,
  })
  await postAdmin(page, world, '/collections', { fleet, ...REPORTS, tieRule: 'manual' })
  await page.goto(`/settings/enrollment?fleet=${fleet}`)
  await page.getByRole('button', { name: 'New enrollment key…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Phones')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const link = await dialog.getByLabel('The link that opens the field client with Phones').inputValue()
  expect(link).toMatch(new RegExp(`^${world.url}/field#key=tme_`))
  expect(await axeFindings(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Done' }).click()

  const phone = await browser.newContext({ viewport: { width: 390, height: 844 } })
  const asked = askedOf(phone)
  const field = await phone.newPage()
  const answer = await field.goto(link)
  expect(answer?.headers()['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
  await field.getByLabel('Name of this device').fill('Gate 12 phone')
  await field.getByRole('button', { name: 'Connect' }).click()
  await field.getByRole('status').filter({ hasText: 'Up to date' }).waitFor()
  await field.evaluate(async () => void (await navigator.serviceWorker.ready))
  await phone.setOffline(true)
  await field.reload()
  await field.getByRole('link', { name: 'New report' }).click()
  await field.getByLabel('Airport').fill('CONSOLE FIELD')
  await field.getByRole('button', { name: 'File the report' }).click()
  await expect(field.getByText('Only here yet')).toBeVisible()
  await phone.setOffline(false)
  await expect(field.getByRole('link', { name: 'This device' })).toContainText('Up to date')
  await expect(field.getByText('Only here yet')).toHaveCount(0)
  // What stands behind the # of a link never reaches a server.
  expect(asked.filter((url) => url.includes('tme_'))).toEqual([])
  await phone.close()

  await page.goto(`/devices?fleet=${fleet}`)
  await expect(page.locator('main').getByText('Gate 12 phone').first()).toBeVisible()
})

test('the field client’s first load stays within 150 KB of compressed script, as the server sends it', async ({
  page,
}) => {
  const html = await (await page.request.get('/field')).text()
  const scripts = [...html.matchAll(/(?:src|modulepreload" href)="(\/field\/assets\/[^"]+\.js)"/g)]
  let bytes = 0
  for (const [, url = ''] of scripts) {
    const headers = (await page.request.get(url, { headers: { 'accept-encoding': 'br' } })).headers()
    expect([headers['content-encoding'], headers['x-content-type-options']]).toEqual(['br', 'nosniff'])
    expect(headers['cache-control']).toContain('immutable')
    bytes += Number(headers['content-length'])
  }
  expect(bytes).toBeGreaterThan(50_000)
  expect(bytes).toBeLessThanOrEqual(150_000)
})

/** The addresses that a browser's pages and workers ask for. */
function askedOf(context: BrowserContext): readonly string[] {
  const asked: string[] = []
  context.on('request', (request) => asked.push(request.url()))
  return asked
}
