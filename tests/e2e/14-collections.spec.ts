import { axeFindings } from './support/axe.ts'
import { openDevice } from './support/device.ts'
import { expect, postAdmin, signIn, test } from './support/test.ts'

const V1 = { type: 'object', properties: { speed: { type: 'integer' } } }
const STRICT = { type: 'object', properties: { speed: { type: 'integer', maximum: 50 } } }

test('a schema is checked before it is published: what it would refuse is told, and takes a reason', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId } = world
  const name = `readings-${Date.now()}`
  await page.goto(`/collections?fleet=${fleetId}`)
  await page.getByRole('button', { name: 'New collection…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByLabel('Schema, JSON Schema 2020-12').fill(JSON.stringify(V1))
  await dialog.getByRole('button', { name: 'Make the collection' }).click()
  const row = page.getByRole('row', { name: new RegExp(name) })
  await expect(row).toContainText('v1')

  const device = await openDevice(world, 'E2E readings')
  for (const speed of [4, 90]) await device.collection(name).put(null, { speed })
  await device.sync()
  await device.close()
  await row.getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('schema v1')
  await expect(page.locator('.verdict')).toContainText('2 records')

  await page.getByLabel('Schema to publish as v2').fill(JSON.stringify(STRICT))
  await page.getByRole('button', { name: 'Check what it would refuse' }).click()
  const found = page.locator('.check')
  await expect(found).toContainText('1 of all 2 records would be refused')
  await expect(found).toContainText('/speed')
  expect(await axeFindings(page)).toEqual([])
  await page.getByLabel('Reason, kept in the audit log').fill('90 was a typo')
  await page.getByRole('button', { name: 'Publish v2 nevertheless' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('schema v2')

  await test.step('a step brings the older documents in order', async () => {
    await page.getByLabel('Schema to publish as v3').fill(JSON.stringify({ ...STRICT, required: ['unit'] }))
    await page.getByRole('button', { name: 'Add a step' }).click()
    await page.getByLabel('Path').fill('/unit')
    await page.getByLabel('Value, JSON').fill('"knots"')
    await page.getByRole('button', { name: 'Check what it would refuse' }).click()
    await expect(page.locator('.check')).toContainText('1 of all 2 records would be refused')
    await page.getByLabel('Reason, kept in the audit log').fill('the typo stays')
    await page.getByRole('button', { name: 'Publish v3 nevertheless' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText('schema v3')
    await expect(page.getByText('up-migration from v2, 1 step')).toBeVisible()
  })

  await test.step('strategy, rules and thresholds', async () => {
    await page.getByRole('button', { name: 'Change strategy…' }).click()
    await dialog.getByRole('button', { name: 'Add a field' }).click()
    expect(await axeFindings(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Leave out field 1' }).click()
    await dialog.getByRole('combobox', { name: 'Strategy', exact: true }).selectOption('manual')
    await dialog.getByLabel('Reason, kept in the audit log').fill('each of them matters')
    await dialog.getByRole('button', { name: 'Change strategy' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText('settles conflicts by manual')

    await page.getByRole('button', { name: 'Change rules…' }).click()
    await page.getByRole('button', { name: 'Add a rule' }).click()
    await page.getByLabel('Id', { exact: true }).fill('positive')
    await page.getByLabel('Must be true: CEL over old, new and device').fill('new == null || new.speed > 0')
    await page.getByLabel('Said when it isn’t').fill('must be above 0')
    await page.getByRole('button', { name: 'Save rules', exact: true }).click()
    // The record that the schema refuses already is told again.
    await page.getByLabel('Reason, kept in the audit log').fill('known')
    await page.getByRole('button', { name: 'Save rules nevertheless' }).click()
    await expect(page.getByText('1 business rule')).toBeVisible()

    await page.getByLabel('Sync lag, warning, minutes').fill('2')
    await page.getByRole('button', { name: 'Save thresholds' }).click()
    await page.goto(`/collections?fleet=${fleetId}`)
    await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText('sync lag, warning 2 min')
  })
})

test('a viewer reads a collection and is told who may change it', async ({
  adminPage: page,
  browser,
  world,
}) => {
  const reader = { email: `reader-${Date.now()}@example.org`, password: 'only here to read the rules' }
  await postAdmin(page, world, '/users', { ...reader, role: 'viewer' })
  const context = await browser.newContext({ baseURL: world.url })
  const other = await context.newPage()
  await signIn(other, reader)
  await other.goto(`/collections?fleet=${world.fleetId}`)
  await expect(other.getByRole('button', { name: 'New collection…' })).toHaveCount(0)
  await other.getByRole('link', { name: 'strike-reports' }).click()
  await expect(other.getByText('You can see the rules, not change them')).toBeVisible()
  await expect(other.getByRole('main').getByRole('button', { name: /Publish|Change|Save/ })).toHaveCount(0)
  await other.goto(`/settings/enrollment?fleet=${world.fleetId}`)
  await expect(other.getByText('You cannot see this fleet’s keys')).toBeVisible()
  await other.goto(`/settings/thresholds?fleet=${world.fleetId}`)
  await expect(other.getByText('You can see the thresholds, not change them')).toBeVisible()
  await context.close()
})
