import type { Page } from '@playwright/test'
import type { Replica } from '#lib/client/replica.ts'
import { axeFindings } from './support/axe.ts'
import { openDevice } from './support/device.ts'
import { expect, postAdmin, test } from './support/test.ts'
import type { World } from './support/world.ts'

const NAME = 'rounds'
const SCHEMA = {
  type: 'object',
  properties: { title: { type: 'string' }, count: { type: 'integer', maximum: 90 } },
}

/** A fleet whose one collection lets the last write stand, and two devices of it. */
async function rounds(page: Page, world: World) {
  const { id: fleetId } = await postAdmin<{ id: string }>(page, world, '/fleets', {
    name: `lab ${Date.now()}`,
  })
  const { id: collectionId } = await postAdmin<{ id: string }>(page, world, '/collections', {
    fleet: fleetId,
    name: NAME,
    strategy: 'lww',
    schema: SCHEMA,
  })
  const { key } = await postAdmin<{ key: string }>(page, world, '/enrollment-keys', {
    fleet: fleetId,
    name: 'lab',
    access: { [NAME]: 'write' },
  })
  const own = { ...world, fleetId, enrollmentKey: key }
  const one = await openDevice(own, 'Gate tablet', '2.4.0')
  const two = await openDevice(own, 'Ramp phone', '2.4.1')
  return { fleetId, collectionId, one, two }
}

/** A record that both changed offline, each in its own way; `one` came second. */
async function contest(one: Replica, two: Replica, mine: object, theirs: object): Promise<string> {
  const { recordId } = await one.collection(NAME).put(null, { title: 'first', count: 1 })
  await one.sync()
  await two.sync()
  await one.collection(NAME).patch(recordId, { set: mine as Record<string, string> })
  await two.collection(NAME).patch(recordId, { set: theirs as Record<string, string> })
  await two.sync()
  await one.sync()
  return recordId
}

const rowOf = (page: Page, name: string) =>
  page.getByRole('table', { name: 'Strategies side by side' }).getByRole('row').filter({ hasText: name })

test('the lab shows what lww loses and field-merge keeps, with the records; applied, it is the collection’s', async ({
  adminPage: page,
  world,
}) => {
  test.setTimeout(120_000)
  const { fleetId, collectionId, one, two } = await rounds(page, world)
  const at = `?fleet=${fleetId}`
  const disjoint: string[] = []
  for (let n = 0; n < 3; n++)
    disjoint.push(await contest(one, two, { title: `mine ${n}` }, { count: 10 + n }))
  await contest(one, two, { title: 'mine' }, { title: 'theirs' })

  await test.step('before a run the page says that nothing is known', async () => {
    await page.goto(`/lab${at}&collection=${collectionId}`)
    await expect(page.getByRole('heading', { level: 1 })).toContainText(
      'is not known: the lab has not run yet',
    )
    expect(await axeFindings(page)).toEqual([])
  })

  await test.step('by keyboard it runs, and what it found stands under an address of its own', async () => {
    const run = page.getByRole('button', { name: 'Run the lab' })
    await run.focus()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('heading', { level: 1 })).toContainText(
      'lww, as it is set, lost 4 of 8 changes',
    )
    expect(new URL(page.url()).searchParams.get('run')).not.toBeNull()
    await expect(page.locator('.verdict')).toContainText('conflicts that arose from')
    await expect(rowOf(page, 'lww, as it is set')).toContainText('4')
    const merged = rowOf(page, 'field-merge, ties by manual')
    await expect(merged).toContainText('costs least')
    expect(await axeFindings(page)).toEqual([])
  })

  await test.step('the records that lww loses and field-merge keeps, each one link away', async () => {
    await rowOf(page, 'lww, as it is set').getByRole('link', { name: '4' }).first().click()
    const examples = page.locator('.lab-examples')
    await expect(examples.getByRole('listitem')).toHaveCount(4)
    for (const recordId of disjoint) await expect(examples).toContainText(`${recordId.slice(0, 4)}`)
    await examples.getByRole('link').first().click()
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page).toHaveURL(/\/conflicts\//)
    await page.goBack()
    await expect(examples).toBeVisible()
  })

  await test.step('weights change the costs at once', async () => {
    await page.getByRole('button', { name: 'Weights…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('A minute of a person').fill('100')
    await dialog.getByRole('button', { name: 'Save weights' }).click()
    await expect(rowOf(page, 'field-merge, ties by lww')).toContainText('costs least')
  })

  await test.step('with clocks that are off there are wrong winners', async () => {
    await page.getByRole('link', { name: '1 h off' }).click()
    await expect(page).toHaveURL(/off=3600000/)
    await page.getByRole('button', { name: 'Run the lab' }).click()
    await expect(page.locator('.verdict')).toContainText('as if clocks were 1 h')
  })

  await test.step('applied with a reason, the collection is set so, and the audit log has it', async () => {
    await page.getByRole('button', { name: 'Apply one…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Settle by').selectOption({ label: 'field-merge, ties by manual' })
    await expect(dialog).toContainText('would have come out otherwise')
    await dialog.getByLabel('Reason, kept in the audit log').fill('crews lose what they write')
    await dialog.getByRole('button', { name: 'Apply', exact: true }).click()
    await expect(dialog).toHaveCount(0)
    const answer = await page.request.get(`/api/admin/v1/collections/${collectionId}${at}`)
    expect(await answer.json()).toMatchObject({ strategy: 'field-merge', tieRule: 'manual' })
    const audit = await page.request.get(
      `/api/admin/v1/audit${at}&q=${encodeURIComponent('action:collection.')}`,
    )
    expect(JSON.stringify(await audit.json())).toContain('crews lose what they write')
    await expect(rowOf(page, 'lww, as it was set')).toBeVisible()
    await expect(rowOf(page, 'field-merge, ties by manual, as it is set')).toBeVisible()
    await expect(page.getByText('The collection was set otherwise when this ran')).toBeVisible()
    expect(await axeFindings(page)).toEqual([])
  })

  await test.step('an address that names nothing shows the page, and says what it did not understand', async () => {
    await page.goto(`/lab${at}&collection=nonsense&run=x&off=-5&show=..`)
    await expect(page.getByRole('heading', { level: 1 })).toContainText('as it was set')
    await expect(page.locator('.misread')).toContainText('off')
    await page.goto(`/lab${at}&collection=${crypto.randomUUID()}`)
    await expect(page.locator('.misread')).toContainText('this fleet has no such collection')
  })

  await test.step('on a phone nothing is wider than the screen', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(`/lab${at}&collection=${collectionId}`)
    await expect(page.getByRole('table', { name: 'Strategies side by side' })).toBeVisible()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    expect(await axeFindings(page)).toEqual([])
  })
  await Promise.all([one.close(), two.close()])
})
