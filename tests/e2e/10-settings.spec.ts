import type { Page } from '@playwright/test'
import { axeFindings } from './support/axe.ts'
import { expect, postAdmin, test } from './support/test.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import type { World } from './support/world.ts'

/** A fleet of this test's own: what it sets must not change what other tests look at. */
async function ownFleet(page: Page, world: World, name: string): Promise<string> {
  return (await postAdmin<{ id: string }>(page, world, '/fleets', { name: `${name} ${Date.now()}` })).id
}

test('an enrollment key is made with its limits, shown once, used and revoked', async ({
  adminPage: page,
  world,
}) => {
  const fleet = await ownFleet(page, world, 'keys')
  await page.goto(`/settings/enrollment?fleet=${fleet}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('No key lets devices into keys')
  await page.getByRole('button', { name: 'New enrollment key…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Shop 7')
  await dialog.getByLabel('Devices it may enroll').fill('1')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const shown = dialog.getByLabel('The key Shop 7')
  const key = await shown.inputValue()
  expect(await axeFindings(page)).toEqual([])
  expect(key).toMatch(/^tme_/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('1 key lets devices into keys')
  await expect(page.locator('main')).not.toContainText(key)

  const replica = await openReplica({
    url: world.url,
    enrollmentKey: key,
    device: { name: 'till', platform: 'web', appVersion: '1.0' },
    store: openMemoryStore(),
    sync: { auto: false },
  })
  await replica.sync()
  await replica.close()
  await page.reload()
  const row = page.getByRole('row', { name: /Shop 7/ })
  await expect(row).toContainText('used up')
  await expect(row).toContainText('1 of 1')

  await row.getByRole('button', { name: 'Revoke…' }).click()
  await dialog.getByLabel('Reason, kept in the audit log').fill('it was on a poster')
  await dialog.getByRole('button', { name: 'Revoke' }).click()
  await expect(row).toContainText('revoked')
})

test('thresholds are set and taken back by keyboard', async ({ adminPage: page, world }) => {
  const fleet = await ownFleet(page, world, 'limits')
  await page.goto(`/overview?fleet=${fleet}`)
  await page.keyboard.press('g')
  await page.keyboard.press('e')
  await page.waitForURL(/\/settings\/fleets/)
  await page.getByRole('link', { name: 'Thresholds' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('is judged by the defaults')
  const lag = page.getByLabel('Sync lag, warning, minutes')
  await lag.fill('10')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('sets 1 of its 10 thresholds itself')
  await page.reload()
  await expect(lag).toHaveValue('10')
  await lag.fill('')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('is judged by the defaults')
})

test('a release is told of and taken back; another fleet is made', async ({ adminPage: page, world }) => {
  const fleet = await ownFleet(page, world, 'releases')
  await page.goto(`/settings/releases?fleet=${fleet}`)
  await page.getByRole('button', { name: 'Tell of a release…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Version, as devices tell it').fill('2.4.1')
  await dialog.getByRole('button', { name: 'Record it' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('2.4.1 was released')
  await page.getByRole('button', { name: 'Take back…' }).click()
  await dialog.getByLabel('Reason, kept in the audit log').fill('a typo')
  await dialog.getByRole('button', { name: 'Take back' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Nobody has told of a release yet')

  await page.getByRole('link', { name: 'Fleets' }).click()
  await page.getByRole('button', { name: 'New fleet…' }).click()
  const name = `made here ${Date.now()}`
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Make the fleet' }).click()
  await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText('1')
})

test('retention says what is kept for how long, and is changed for a reason', async ({
  adminPage: page,
  world,
}) => {
  await page.goto(`/settings/retention?fleet=${world.fleetId}`)
  await expect(page.getByRole('row', { name: /Rollups by the hour/ })).toContainText('400 days')
  await page.getByRole('button', { name: 'Change retention…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Sessions, days').fill('120')
  await dialog.getByLabel('Reason, kept in the audit log').fill('a quarter and a month')
  await dialog.getByRole('button', { name: 'Change retention' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Sessions are kept for 120 days')
})

test('a page of another engine is asked, and no longer', async ({ adminPage: page, world }) => {
  const fleet = await ownFleet(page, world, 'engines')
  await page.goto(`/settings/integrations?fleet=${fleet}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('No other engine tells of this fleet')
  await page.getByRole('button', { name: 'Ask a page…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Engine, as it is shown').fill('couchdb')
  await dialog.getByLabel('URL').fill('https://engine.invalid/_scheduler/docs')
  await dialog.getByLabel('Reason').fill('to see replications')
  await dialog.getByRole('button', { name: 'Ask it' }).click()
  const row = page
    .getByRole('table', { name: 'Pages that are asked' })
    .getByRole('row', { name: /engine\.invalid/ })
  await expect(row).toContainText('1 min')
  await row.getByRole('button', { name: 'Stop…' }).click()
  await dialog.getByLabel('Reason, kept in the audit log').fill('a try')
  await dialog.getByRole('button', { name: 'Stop asking' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('No other engine tells of this fleet')
})
