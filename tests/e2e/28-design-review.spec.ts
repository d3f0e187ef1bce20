import type { Page } from '@playwright/test'
import { axeFindings } from './support/axe.ts'
import { openDevice } from './support/device.ts'
import { expect, postAdmin, signIn, test } from './support/test.ts'
import type { World } from './support/world.ts'

/** Records on which two devices change different fields, and one field. */
const [DISJOINT, SAME] = [10, 2]

/** A fleet whose one collection takes the last write, with conflicts that mostly touch different fields. */
async function reviewed(page: Page, world: World) {
  const { id: fleetId } = await postAdmin<{ id: string }>(page, world, '/fleets', {
    name: `review ${Date.now()}`,
  })
  const { id } = await postAdmin<{ id: string }>(page, world, '/collections', {
    fleet: fleetId,
    name: 'orders',
    strategy: 'lww',
    schema: { type: 'object' },
  })
  const { key } = await postAdmin<{ key: string }>(page, world, '/enrollment-keys', {
    fleet: fleetId,
    name: 'review',
    access: { orders: 'write' },
  })
  const own = { ...world, fleetId, enrollmentKey: key }
  const [one, two] = [await openDevice(own, 'Desk'), await openDevice(own, 'Van')]
  const orders = [one.collection('orders'), two.collection('orders')] as const
  const ids: string[] = []
  for (let i = 0; i < DISJOINT + SAME; i++)
    ids.push((await orders[0].put(null, { status: 'new', remarks: 'x'.repeat(200), qty: 1 })).recordId)
  await one.sync()
  await two.sync()
  for (const [i, recordId] of ids.entries()) {
    await orders[1].patch(recordId, { set: { status: `s${i}` } })
    await orders[0].patch(recordId, { set: i < DISJOINT ? { qty: i + 2 } : { status: `t${i}` } })
  }
  await two.sync()
  await one.sync()
  await one.close()
  await two.close()
  return { fleetId, id }
}

const fitsPhone = async (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)

test('a collection is reviewed by what is measured and answered, and its report is read, saved and printed', async ({
  adminPage: page,
  browser,
  world,
}) => {
  const { fleetId, id } = await reviewed(page, world)
  const heading = page.getByRole('heading', { level: 1 })

  await test.step('before anybody answered, the measurements speak', async () => {
    await page.goto(`/collections/${id}?fleet=${fleetId}`)
    await page.getByRole('link', { name: 'Design review' }).click()
    await expect(heading).toHaveText('orders has no design review yet: five questions wait for an answer')
    await expect(page.getByRole('group', { name: 'Measured: Conflict semantics' })).toContainText('10 of 12')
    await expect(page.getByRole('group', { name: 'What is advised' })).toContainText(
      'lww now, advised is field-merge',
    )
    expect(await axeFindings(page)).toEqual([])
  })

  await test.step('answers become a version, and the first line says what should change', async () => {
    await page.getByLabel('Answer: What is a record made of?').selectOption('fields')
    await page.getByLabel('Answer: What does a lost update cost?').selectOption('costly')
    await page.getByLabel('Note: What does a lost update cost?').fill('a | b <i>')
    await page.getByRole('button', { name: 'Add a field' }).click()
    await page.getByLabel('Field 1', { exact: true }).fill('/remarks')
    await page.getByLabel('Reason, kept in the audit log').fill('the first look')
    await page.getByRole('button', { name: 'Keep as version 1' }).click()
    await expect(heading).toContainText(
      'orders should change from lww to field-merge: 10 of 12 conflicts touch different fields; 2 more settings differ',
    )
    await page.getByLabel('Answer: How often are its devices offline?').selectOption('mostly')
    await page.getByLabel('Reason, kept in the audit log').fill('the vans are new')
    await page.getByRole('button', { name: 'Keep as version 2' }).click()
    await page.getByText('Version 2 · ', { exact: false }).last().click()
    await expect(
      page.getByText('How often are its devices offline?: not answered most of the time'),
    ).toBeVisible()
    expect(await axeFindings(page)).toEqual([])
  })

  await test.step('the report says the same, on the screen, as Markdown and on paper', async () => {
    await page
      .getByRole('navigation', { name: 'Parts of orders' })
      .getByRole('link', { name: 'SCAR report' })
      .click()
    await expect(heading).toContainText('orders should change from lww to field-merge')
    for (const title of ['S: Scope', 'C: Core architecture', 'A: Algorithms', 'R: Resilience'])
      await expect(page.getByRole('heading', { level: 2, name: title })).toBeVisible()
    expect(await axeFindings(page)).toEqual([])
    const loading = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Save as Markdown' }).click()
    const file = await loading
    expect(file.suggestedFilename()).toBe('scar-orders.md')
    const saved = await page.request.get(`/api/admin/v1/collections/${id}/scar?fleet=${fleetId}&format=md`)
    expect(await saved.text()).toContain(String.raw`a \| b \<i\>`)

    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    // An incident that stands above every page of the console is none of the report.
    await page.evaluate(() => {
      const alarm = Object.assign(document.createElement('aside'), { className: 'alarm', textContent: 'x' })
      document.querySelector('.scar')?.before(alarm)
    })
    for (const hidden of ['.rail', '.top', '.tabs', '.verdict .acts', '.alarm'])
      await expect(page.locator(hidden).first()).toBeHidden()
    await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(255, 255, 255)')
    const pdf = (await page.pdf({ format: 'A4' })).toString('latin1')
    expect(pdf.match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThanOrEqual(4)
    await page.emulateMedia({ media: null, colorScheme: null })
  })

  await test.step('both fit a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    for (const part of ['review', 'scar']) {
      await page.goto(`/collections/${id}/${part}?fleet=${fleetId}`)
      await expect(heading).toBeVisible()
      expect([part, await fitsPhone(page)]).toEqual([part, true])
      expect(await axeFindings(page)).toEqual([])
    }
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  await test.step('once it is set as advised, the settings agree', async () => {
    const { version } = (await (
      await page.request.get(`/api/admin/v1/collections/${id}?fleet=${fleetId}`)
    ).json()) as { version: number }
    const changed = await page.request.patch(`/api/admin/v1/collections/${id}?fleet=${fleetId}`, {
      data: {
        version,
        strategy: 'field-merge',
        tieRule: 'manual',
        fieldStrategies: { '/remarks': 'crdt' },
        reason: 'as reviewed',
      },
      headers: { origin: world.url },
    })
    expect(changed.status()).toBe(200)
    await page.goto(`/collections/${id}/review?fleet=${fleetId}`)
    await expect(heading).toContainText('The settings of orders agree with the review of')
  })

  await test.step('a viewer reads it and is told who may answer', async () => {
    const reader = { email: `reader-${Date.now()}@example.org`, password: 'only here to read reviews' }
    await postAdmin(page, world, '/users', { ...reader, role: 'viewer' })
    const context = await browser.newContext({ baseURL: world.url })
    const other = await context.newPage()
    await signIn(other, reader)
    await other.goto(`/collections/${id}/review?fleet=${fleetId}`)
    await expect(other.getByText('You can read the review, not answer it')).toBeVisible()
    await expect(other.getByText('money, or a customer’s trust')).toBeVisible()
    await expect(other.getByRole('button', { name: /Keep as/ })).toHaveCount(0)
    await context.close()
  })
})
