import { openDevice } from './support/device.ts'
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
  await page.getByRole('table', { name: 'Devices, by last contact' }).getByRole('link').click()
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
    await context.close()
  })
})
