import { axeFindings } from './support/axe.ts'
import { expect, test } from './support/test.ts'

test('a view of Sessions is saved by keyboard, shared, opened, renamed and deleted', async ({
  adminPage: page,
  world,
}) => {
  const name = `Failed ${Date.now()}`
  const views = page.getByRole('button', { name: 'Views', exact: true })
  await page.goto(`/sessions?fleet=${world.fleetId}&range=6h&q=result:failed`)
  await views.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Save this view…' }).focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByLabel('Share it with everyone in the fleet').check()
  await page.keyboard.press('Enter')
  await expect(dialog).toHaveCount(0)
  await expect(page.getByRole('button', { name })).toBeVisible()

  await page.goto(`/sessions?fleet=${world.fleetId}`)
  await views.click()
  await page.getByRole('menuitem', { name }).click()
  await expect(page).toHaveURL(/range=6h/)
  await expect(page.getByRole('combobox')).toHaveValue('result:failed')

  await page.getByRole('button', { name }).click()
  await page.getByRole('menuitem', { name: 'Rename or delete…' }).click()
  expect(await axeFindings(page)).toEqual([])
  const row = dialog.locator('.view-row').filter({ has: page.locator(`input[value="${name}"]`) })
  await row.getByRole('textbox').fill(`${name} on iOS`)
  await row.getByRole('button', { name: 'Rename' }).click()
  await expect(dialog.getByRole('button', { name: `Delete ${name} on iOS` })).toBeVisible()
  await dialog.getByRole('button', { name: `Delete ${name} on iOS` }).click()
  const sure = page.getByRole('dialog', { name: /Delete the view/ })
  await sure.getByRole('button', { name: 'Delete' }).click()
  await expect(sure).toHaveCount(0)
  await expect(page.getByRole('button', { name: `Delete ${name} on iOS` })).toHaveCount(0)
  await page.keyboard.press('Escape')
  await expect(views).toBeVisible()

  // The menu is there on Devices too, with views of its own.
  await page.goto(`/devices?fleet=${world.fleetId}`)
  await views.click()
  await expect(page.getByRole('menuitem', { name: 'Save this view…' })).toBeVisible()
})
