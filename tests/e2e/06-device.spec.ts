import { leaveDeadLetter, openDevice } from './support/device.ts'
import { expect, postAdmin, signIn, test } from './support/test.ts'
import type { Account } from './support/world.ts'

const VIEWER: Account = { email: 'watches-devices@example.org', password: 'only here to look at tablets' }

test('a device is found, told to resync and paused, and says what it heard', async ({
  adminPage: page,
  browser,
  world,
}) => {
  const { fleetId } = world
  const device = await openDevice(world, 'E2E told')
  await page.goto(`/devices?fleet=${fleetId}&q=E2E+told`)
  await page
    .getByRole('table', { name: 'Devices, by last contact' })
    .getByRole('link', { name: 'E2E told' })
    .click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('E2E told is in sync')
  await expect(page.getByRole('table', { name: 'Sessions, newest first' })).toBeVisible()
  const url = page.url()

  const act = async (verb: string): Promise<void> => {
    await page.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: `${verb}…` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason, kept in the audit log').fill('a test of the page')
    await dialog.getByRole('button', { name: verb, exact: true }).click()
    await expect(dialog).toHaveCount(0)
    await expect(page.getByRole('button', { name: 'Actions' })).toBeFocused()
  }
  const commands = page.getByRole('table', { name: 'Commands to the device' })
  await act('Resync')
  await expect(commands.getByRole('row').nth(1)).toContainText(/Resync.*waits/)
  await device.sync()
  await device.sync()
  await page.reload()
  await expect(commands.getByRole('row').nth(1)).toContainText(/Resync.*acknowledged/)
  await act('Pause')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('is paused by an operator')
  await act('Resume')
  await device.close()

  await test.step('a viewer sees it without the acts', async () => {
    await postAdmin(page, world, '/users', { ...VIEWER, role: 'viewer' })
    const context = await browser.newContext({ baseURL: world.url })
    const other = await context.newPage()
    await signIn(other, VIEWER)
    await other.goto(url)
    await expect(other.getByText('Operators only')).toBeVisible()
    await expect(other.getByRole('button', { name: 'Actions' })).toHaveCount(0)
    await expect(other.getByRole('heading', { level: 2, name: /^Why: / })).toBeVisible()
    await context.close()
  })
})

test('a device says why it is stuck: verdict, evidence with links, what was ruled out, and the next step', async ({
  adminPage: page,
  world,
}) => {
  await leaveDeadLetter(world, 'E2E stuck')
  await page.goto(`/devices?fleet=${world.fleetId}&q=E2E+stuck`)
  await page
    .getByRole('table', { name: 'Devices, by last contact' })
    .getByRole('link', { name: 'E2E stuck' })
    .click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('1 change of E2E stuck is a dead letter')
  const why = page.getByRole('heading', { level: 2, name: 'Why: what it sent cannot apply as it is' })
  await expect(why).toBeVisible()
  const ruledOut = page.getByRole('heading', { level: 3, name: 'Ruled out' })
  await expect(ruledOut.locator('+ ul').getByRole('listitem').filter({ hasText: 'Breakers' })).toContainText(
    'all closed',
  )
  await expect(page.getByRole('figure', { name: 'States of the device over time' })).toBeVisible()
  const age = page.getByRole('figure', { name: 'Age of the oldest change that waits on the device' })
  await expect(age).toBeVisible()
  await expect(page.getByRole('heading', { level: 2, name: 'Nothing waits on it' })).toBeVisible()

  await test.step('the evidence and the primary button lead to the letter, by keyboard', async () => {
    const next = page.getByRole('link', { name: 'See the dead letter' })
    await expect(page.locator('.btn.primary')).toHaveCount(1)
    await next.focus()
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/dead-letters\//)
    await page.goBack()
  })
  await test.step('the next step of a paused one is to resume it', async () => {
    await page.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Pause…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason, kept in the audit log').fill('a test of the page')
    await dialog.getByRole('button', { name: 'Pause', exact: true }).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText('E2E stuck is paused by an operator')
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await page.getByLabel('Reason, kept in the audit log').fill('it may go on')
    await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('1 change of E2E stuck is a dead letter')
  })
  await test.step('on a phone the answer comes before the pictures, and nothing runs over the side', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    const box = async (locator: typeof why) => (await locator.boundingBox())?.y ?? 0
    expect(await box(why)).toBeLessThan(await box(age))
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  })
})
