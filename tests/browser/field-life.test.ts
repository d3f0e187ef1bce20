import type { Page } from '@playwright/test'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import type { FieldWorld } from './field-world.ts'
import {
  devicesOf,
  expectPage,
  REPORTS,
  fileReport,
  openReport,
  startFieldWorld,
  state,
  untilKept,
  upToDate,
} from './field-world.ts'

let world: FieldWorld
beforeAll(async () => {
  world = await startFieldWorld()
})
afterAll(() => world.close())
afterEach(() => world.setAway(false))
const device = devicesOf(() => world)
const entryOf = (page: Page): Promise<string> =>
  page.evaluate(() => document.querySelector<HTMLScriptElement>('script[type=module]')?.src ?? '')
const cachesOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () => (await caches.keys()).toSorted())
/** How many files each of them keeps. */
const keptIn = (page: Page): Promise<readonly number[]> =>
  page.evaluate(async () => {
    const names = (await caches.keys()).toSorted()
    return Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length))
  })

describe('the life of the field client', () => {
  test('a tab that is killed in the middle of a sync loses nothing and doubles nothing', async () => {
    const { context, page } = await device('Killed')
    const id = await fileReport(page, { Airport: 'KILL FIELD' })
    await upToDate(page)
    const push = world.served.holdNext('/api/v1/push')
    await page.getByRole('button', { name: 'One animal more' }).click()
    await page.getByLabel('Species').fill('Killdeer')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await expectPage(page.getByText('Saved on this device.')).toBeVisible()
    // The server has acted, and the answer is on its way.
    await push.acted
    await page.close()
    push.release()
    const again = await context.newPage()
    await again.goto(`${world.served.url}/field#/report/${id}`)
    await upToDate(again)
    await expectPage(again.locator('output')).toHaveText('1')
    const observer = await world.observer()
    const found = await observer.collection(REPORTS).query(({ data }) => data['airportName'] === 'KILL FIELD')
    expect(found.map(({ data }) => [data['species'], data['animalsFound']])).toEqual([['Killdeer', 1]])
    await observer.close()
  })

  test('two tabs are one device: what one writes the other shows, and one of them syncs', async () => {
    const { context, page } = await device('Tabs')
    const id = await fileReport(page, { Airport: 'TAB FIELD' })
    await upToDate(page)
    const other = await context.newPage()
    await other.goto(`${world.served.url}/field#/report/${id}`)
    await context.setOffline(true)
    await page.getByLabel('Add a tag').fill('runway 9')
    await page.keyboard.press('Enter')
    await expectPage(other.getByRole('button', { name: 'Remove the tag runway 9' })).toBeVisible()
    await expectPage(state(other)).toContainText('1 waiting')
    await other.getByRole('button', { name: 'One animal more' }).click()
    await expectPage(page.locator('output')).toHaveText('1')
    await context.setOffline(false)
    for (const tab of [page, other]) await upToDate(tab)
    const observer = await world.observer()
    expect((await observer.collection(REPORTS).get(id))?.data).toMatchObject({
      tags: ['runway 9'],
      animalsFound: 1,
    })
    await observer.close()
  })

  test('two tabs type a new report each: what one files takes nothing of the other’s, whoever typed last', async () => {
    const { context, page } = await device('Drafts')
    const tabs = [page, await context.newPage()] as const
    const airport = (tab: Page) => tab.getByLabel('Airport', { exact: true })
    for (const order of [tabs, tabs.toReversed()]) {
      for (const tab of tabs) await tab.goto(`${world.served.url}/field#/new`)
      for (const tab of order) await airport(tab).fill(`TYPED IN ${tabs.indexOf(tab)}`)
      await tabs[0].getByRole('button', { name: 'File the report' }).click()
      await tabs[0].waitForURL(/#\/report\//)
      await tabs[1].reload()
      await expectPage(airport(tabs[1])).toHaveValue('TYPED IN 1')
    }
    await tabs[1].getByRole('button', { name: 'File the report' }).click()
    await tabs[1].waitForURL(/#\/report\//)
    // Nothing is left of what was filed.
    for (const tab of tabs) {
      await tab.goto(`${world.served.url}/field#/new`)
      await expectPage(airport(tab)).toHaveValue('')
    }
  })

  test('a newer version waits, and is let in without stranding what waits or what is typed', async () => {
    const { context, page } = await device('Updated')
    await untilKept(page)
    const id = await fileReport(page, { Airport: 'UPDATE FIELD' })
    await upToDate(page)
    const other = await context.newPage()
    await other.goto(`${world.served.url}/field`)
    world.setAway(true)
    await page.getByRole('button', { name: 'One animal more' }).click()
    await expectPage(state(page)).toContainText('1 waiting')
    await page.getByLabel('Photo note').fill('typed and not saved')
    const before = await entryOf(page)
    const next = await world.release('the next one')
    await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()))
    for (const tab of [page, other])
      await expectPage(tab.getByText('A newer version of the app is here')).toBeVisible()
    // It waits: a tab that is opened now is still of the older one.
    expect(await cachesOf(page)).toHaveLength(2)
    const kept = await keptIn(page)
    await page.reload()
    expect(await entryOf(page)).toBe(before)
    // The page has told that it runs by the older one: what the newer one keeps is there all the same.
    await expectPage(page.getByText('A newer version of the app is here')).toBeVisible()
    expect(await keptIn(page)).toEqual(kept)
    expect(kept.every((count) => count > 1)).toBe(true)
    await page.getByRole('button', { name: 'Update now' }).click()
    // A tab that goes over to the newer one has no page to ask for a moment.
    for (const tab of [page, other])
      await expectPage.poll(() => entryOf(tab).catch(() => before)).not.toBe(before)
    await expectPage.poll(() => cachesOf(page).catch(() => [])).toEqual([`tidemark-field-${next.version}`])
    await expectPage(page.getByLabel('Photo note')).toHaveValue('typed and not saved')
    await expectPage(state(page)).toContainText('1 waiting')
    // The newer one starts without a network, as the older one did.
    await context.setOffline(true)
    await page.reload()
    await expectPage(page.getByLabel('Photo note')).toHaveValue('typed and not saved')
    expect(await entryOf(page)).not.toBe(before)
    await context.setOffline(false)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    world.setAway(false)
    await state(page).click()
    await page.getByRole('button', { name: 'Sync now' }).click()
    await upToDate(page)
    const observer = await world.observer()
    expect((await observer.collection(REPORTS).get(id))?.data).toMatchObject({
      animalsFound: 1,
      photoNote: 'typed and not saved',
    })
    await observer.close()
  })

  test('a link that is opened again before the device is enrolled says nothing of fleets', async () => {
    world.setAway(true)
    const context = await world.browser.newContext()
    const page = await context.newPage()
    const link = `${world.served.url}/field#key=${world.served.fleet.key}`
    await page.goto(link)
    await page.getByLabel('Name of this device').fill('Not yet')
    await page.getByRole('button', { name: 'Connect' }).click()
    await state(page).waitFor()
    await page.goto('about:blank')
    await page.goto(link)
    await state(page).waitFor()
    await expectPage(page.getByText(/link is of another fleet|link changed nothing/)).toHaveCount(0)
    await context.close()
  })

  test('a link that comes to an app that is open is taken out of the address, and fills the form', async () => {
    const context = await world.browser.newContext()
    const page = await context.newPage()
    await page.goto(`${world.served.url}/field`)
    await page.getByRole('button', { name: 'Connect' }).waitFor()
    const link = `${world.served.url}/field#key=${world.served.fleet.key}`
    await page.goto(link)
    await expectPage(page.getByLabel('Code or link')).toHaveValue(world.served.fleet.key)
    expect(page.url()).not.toContain('tme_')
    await page.getByRole('button', { name: 'Connect' }).click()
    await upToDate(page)
    await page.goto(link)
    await expectPage(page.getByText('link changed nothing')).toBeVisible()
    expect(page.url()).not.toContain('tme_')
    await context.close()
  })

  test('what waits outlives reading everything anew, and an operator finds the diagnostics that were sent', async () => {
    const { page } = await device('Mended')
    const id = await fileReport(page, { Airport: 'ANEW FIELD' })
    await upToDate(page)
    world.setAway(true)
    await openReport(page, id)
    await page.getByRole('button', { name: 'One animal more' }).click()
    await expectPage(state(page)).toContainText('1 waiting')
    await state(page).click()
    await page.getByRole('button', { name: 'Read everything anew' }).click()
    await expectPage(page.getByText('It is read anew as soon as the server can be reached.')).toBeVisible()
    world.setAway(false)
    await page.getByRole('button', { name: 'Sync now' }).click()
    await upToDate(page)
    await openReport(page, id)
    await expectPage(page.locator('output')).toHaveText('1')
    await state(page).click()
    await page.getByRole('button', { name: 'Send diagnostics' }).click()
    await expectPage(page.getByText('Sent. An operator finds it')).toBeVisible()
    const deviceId = (await page.locator('.mono').textContent()) ?? ''
    const { fleetId } = world.served.fleet
    const sent = await world.served.app.ctx.storage.devices.listDiagnostics(fleetId, deviceId)
    expect(sent).toHaveLength(1)
  })

  test('a change that the server cannot apply is told: what, why, and what becomes of it', async () => {
    const { page } = await device('Refused')
    const id = await fileReport(page, { Airport: 'LETTER FIELD' })
    await upToDate(page)
    world.setAway(true)
    await openReport(page, id)
    await page.getByLabel('Species').fill('Emu')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await expectPage(state(page)).toContainText('1 waiting')
    const { ctx } = world.served.app
    const at = { actor: SYSTEM, fleetId: world.served.fleet.fleetId }
    const reports = (await listCollections(ctx, at)).find(({ name }) => name === REPORTS)
    const cel = '!has(new.species) || new.species != "Emu"'
    await publishCollection(ctx, {
      ...at,
      id: reports?.id ?? '',
      body: { version: reports?.version, rules: [{ id: 'no-emus', cel, message: 'No emus here' }] },
    })
    world.setAway(false)
    await state(page).click()
    await page.getByRole('button', { name: 'Sync now' }).click()
    const notice = page.getByRole('region', { name: 'Changes that were not applied' })
    await expectPage(notice).toContainText('The server could not apply these. It keeps them')
    await expectPage(notice).toContainText('it breaks a rule of the fleet')
    await expectPage(state(page)).toContainText('1 not applied')
  })

  test('[SDK4] work that went with the browser’s store is told in the list and the head, also offline, until it was seen', async () => {
    const { context, page } = await device('Emptied')
    await untilKept(page)
    await context.setOffline(true)
    await fileReport(page, { Airport: 'LOST FIELD' })
    const session = await context.newCDPSession(page)
    const origin = new URL(world.served.url).origin
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
    const told = page.getByRole('status').filter({ hasText: 'Changes may have been lost' })
    await page.getByRole('link', { name: 'Strike reports' }).click()
    await expectPage(told).toBeVisible()
    await expectPage(state(page)).toContainText('Offline · changes lost')
    await expectPage(page.getByText('Nobody has filed a report yet')).toHaveCount(0)
    await context.setOffline(false)
    await expectPage(state(page)).toContainText(/^This device: Changes lost$/)
    await expectPage(told).toBeVisible()
    await page.getByRole('link', { name: 'What was lost' }).click()
    await expectPage(page.getByRole('region', { name: 'Recovery' })).toContainText(
      'Changes may have been lost',
    )
    await page.getByRole('link', { name: 'Strike reports' }).click()
    await expectPage(state(page)).toContainText('Up to date')
    await expectPage(told).toHaveCount(0)
  })

  test('[DL1] what a stricter schema forbids is named by its field: of what was filed before, and of what is filed now', async () => {
    const { context, page } = await device('Too long')
    await context.setOffline(true)
    await fileReport(page, { Airport: 'A VERY LONG NAME' })
    const { ctx } = world.served.app
    const at = { actor: SYSTEM, fleetId: world.served.fleet.fleetId }
    const reports = (await listCollections(ctx, at)).find(({ name }) => name === REPORTS)
    const schema = structuredClone(DEMO_COLLECTIONS[0].schema) as { properties: Record<string, object> }
    schema.properties['airportName'] = { type: 'string', maxLength: 10 }
    await publishCollection(ctx, {
      ...at,
      id: reports?.id ?? '',
      body: { version: reports?.version, schema },
    })
    await context.setOffline(false)
    await page.getByRole('link', { name: 'Strike reports' }).click()
    const notice = page.getByRole('region', { name: 'Changes that were not applied' })
    await expectPage(notice).toContainText('Strike at A VERY LONG NAME: something in it')
    await expectPage(notice).toContainText('(Airport is too long: 16 characters, 10 at most)')
    await page.getByRole('link', { name: 'New report' }).click()
    await page.getByLabel('Airport', { exact: true }).fill('ANOTHER LONG ONE')
    await page.getByRole('button', { name: 'File the report' }).click()
    await expectPage(page.getByRole('alert')).toContainText('Not saved Correct what is marked.')
    const airport = page.getByRole('textbox', { name: 'Airport' })
    await expectPage(airport).toBeFocused()
    await expectPage(airport).toHaveAccessibleDescription('Is too long: 16 characters, 10 at most')
  })
})
