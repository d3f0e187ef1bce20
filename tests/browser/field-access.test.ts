import path from 'node:path'
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axeFindings } from '../e2e/support/axe.ts'
import type { FieldWorld } from './field-world.ts'
import { expectPage, fileReport, openReport, startFieldWorld, untilKept } from './field-world.ts'
import { createProfile } from './launch.ts'

/** The mark: script that a first visit fetches before the app runs, compressed. */
const FIRST_LOAD_BYTES_MAX = 150_000
const PHONE = { width: 390, height: 844 }

let world: FieldWorld
beforeAll(async () => {
  world = await startFieldWorld()
})
afterAll(() => world.close())

const overflowPx = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

async function holdsTogether(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await axeFindings(page), `${name}, ${colorScheme}: found by axe`).toEqual([])
    expect(await overflowPx(page), `${name}: sideways scrolling`).toBeLessThanOrEqual(0)
    const folder = process.env['FIELD_SHOTS']
    if (folder !== undefined)
      await page.screenshot({ path: path.join(folder, `${name}-${colorScheme}.png`), fullPage: true })
  }
}

describe('the field client for everybody', () => {
  test('a first visit fetches no more than 150 KB of compressed script', async () => {
    const context = await world.browser.newContext()
    const page = await context.newPage()
    const fetched = new Map<string, number>()
    page.on('response', (answer) => {
      const { pathname } = new URL(answer.url())
      if (
        pathname.endsWith('.js') &&
        pathname !== '/field/sw.js' &&
        answer.request().serviceWorker() === null
      )
        fetched.set(pathname, Number(answer.headers()['content-length']))
    })
    await page.goto(`${world.served.url}/field`)
    await page.getByRole('heading', { name: 'Connect this device' }).waitFor()
    const first = world.built.firstScripts.map((file) => `/field/${file}`)
    expect(first.filter((file) => !fetched.has(file))).toEqual([])
    const bytes = [...fetched.values()].reduce((sum, size) => sum + size, 0)
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_BYTES_MAX)
    await context.close()
  })

  test('every page is accessible in both themes and holds together on a phone', async () => {
    const guest = await world.browser.newContext({ viewport: PHONE })
    const door = await guest.newPage()
    await door.goto(`${world.served.url}/field`)
    await door.getByRole('button', { name: 'Connect' }).waitFor()
    await holdsTogether(door, 'enroll')
    await guest.close()
    const one = await world.device('One')
    const two = await world.device('Two')
    const id = await fileReport(one.page, { Airport: 'AXE FIELD', Species: 'Killdeer' })
    await expectPage(two.page.getByText('Killdeer at AXE FIELD')).toBeVisible()
    await openReport(two.page, id)
    for (const { context } of [one, two]) await context.setOffline(true)
    for (const [{ page }, species] of [
      [one, 'Rock pigeon'],
      [two, 'Mourning dove'],
    ] as const) {
      await page.getByLabel('Species').fill(species)
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByLabel('Add a tag').fill('runway 09L, beside the windsock')
      await page.keyboard.press('Enter')
    }
    await two.page.getByRole('link', { name: 'This device' }).click()
    await holdsTogether(two.page, 'device-offline')
    await one.context.setOffline(false)
    await one.page.getByRole('status').filter({ hasText: 'Up to date' }).first().waitFor()
    await two.context.setOffline(false)
    await openReport(two.page, id)
    await expectPage(two.page.getByRole('region', { name: 'Conflict' })).toBeVisible()
    await holdsTogether(two.page, 'conflict')
    await two.page.getByRole('link', { name: 'Strike reports' }).click()
    await expectPage(two.page.getByText('To decide', { exact: true }).first()).toBeVisible()
    await holdsTogether(two.page, 'list')
    await two.page.getByRole('link', { name: 'New report' }).click()
    await two.page.getByRole('button', { name: 'File the report' }).click()
    await expectPage(two.page.getByText('Fill this in')).toBeVisible()
    await holdsTogether(two.page, 'new')
    for (const { context } of [one, two]) await context.close()
  })

  test('a report is filed, counted and tagged by keyboard alone', async () => {
    const { context, page } = await world.device('Keys')
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    const press = async (name: string, role: 'link' | 'button' | 'textbox'): Promise<void> => {
      const target = page.getByRole(role, { name, exact: true }).first()
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab')
        if (await target.evaluate((node) => node === document.activeElement)) return
      }
      throw new Error(`${name} is not reached by Tab`)
    }
    await press('New report', 'link')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'New report' }).waitFor()
    await press('Airport', 'textbox')
    await page.keyboard.type('KEYBOARD FIELD')
    await page.keyboard.press('Enter')
    await expectPage(page.getByRole('heading', { level: 1 })).toContainText('KEYBOARD FIELD')
    await press('Add a tag', 'textbox')
    await page.keyboard.type('keys')
    await page.keyboard.press('Enter')
    await expectPage(page.getByRole('button', { name: 'Remove the tag keys' })).toBeVisible()
    await press('One animal more', 'button')
    await page.keyboard.press('Space')
    await expectPage(page.locator('output')).toHaveText('1')
    await context.close()
  })

  test('it can be installed, and starts without a network from a browser that was closed', async () => {
    const profile = await createProfile()
    try {
      const context = await profile.launch()
      const page = await context.newPage()
      await page.goto(`${world.served.url}/field#key=${world.served.fleet.key}`)
      await page.getByRole('button', { name: 'Connect' }).click()
      await page.getByRole('status').filter({ hasText: 'Up to date' }).waitFor()
      await untilKept(page)
      const session = await context.newCDPSession(page)
      const { errors, url } = await session.send('Page.getAppManifest')
      expect([errors, new URL(url).pathname]).toEqual([[], '/field/manifest.webmanifest'])
      const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
      expect(installabilityErrors).toEqual([])
      await context.close()
      const again = await profile.launch()
      await again.setOffline(true)
      const restarted = await again.newPage()
      await restarted.goto(`${world.served.url}/field`)
      await expectPage(restarted.getByRole('heading', { level: 1 })).toContainText('report')
      await expectPage(restarted.getByRole('link', { name: 'This device' })).toContainText('Offline')
      // Parts that are fetched on demand are there too.
      await fileReport(restarted, { Airport: 'COLD FIELD' })
      await restarted.getByLabel('Everybody writes in the same text').pressSequentially('cold')
      await restarted.getByRole('button', { name: 'One animal more' }).click()
      await expectPage(restarted.locator('output')).toHaveText('1')
      await expectPage(restarted.getByRole('alert')).toHaveCount(0)
    } finally {
      await profile.close()
    }
  })

  test('its document allows nothing but files and calls of its own origin, and has no script of its own', async () => {
    const answer = await fetch(`${world.served.url}/field`)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain(`default-src 'none'`)
    expect(policy).not.toMatch(/unsafe|nonce|\*|https?:/)
    const html = await answer.text()
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\bon\w+=| style=/)
    const worker = await fetch(`${world.served.url}/field/sw.js`)
    expect([worker.headers.get('service-worker-allowed'), worker.headers.get('cache-control')]).toEqual([
      '/field',
      'no-cache',
    ])
    expect((await fetch(`${world.served.url}/field`, { method: 'POST' })).status).toBe(405)
  })
})
