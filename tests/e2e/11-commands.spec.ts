import { axeFindings } from './support/axe.ts'
import { addDevices, makeLongFleet } from './support/long-fleet.ts'
import { expect, test } from './support/test.ts'

test('Ctrl-K leads to a page, to a device by its name, and to all that match, by keys alone', async ({
  adminPage: page,
  world,
}) => {
  const fleetId = await makeLongFleet(page, world, 1)
  await addDevices(world, fleetId, 20)
  await page.goto(`/overview?fleet=${fleetId}&range=1h`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  // What is typed before the menu has come is meant for the menu, and for no key of the page.
  await page.keyboard.press('Control+k')
  await page.keyboard.type('dev')
  const menu = page.getByRole('dialog', { name: 'Search or run a command' })
  const box = menu.getByRole('combobox')
  await expect(box).toHaveValue('dev')
  await expect(box).toBeFocused()
  const active = menu.locator('[aria-selected="true"]')
  await expect(active).toContainText('Devices')
  // Readers hear the one that Enter runs.
  expect(await box.getAttribute('aria-activedescendant')).toBe(await active.getAttribute('id'))
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(new RegExp(`/devices\\?fleet=${fleetId}&range=1h`))
  await expect(menu).toHaveCount(0)

  await page.keyboard.press('Control+k')
  await box.fill('DFW-00007')
  await expect(menu.getByRole('option', { name: /^DFW-00007 2\.4\.1 android/ })).toBeVisible()
  expect(await axeFindings(page)).toEqual([])
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowUp')
  await expect(active).toContainText('All sessions that match “DFW-00007”')
  await page.keyboard.press('ArrowDown')
  await expect(active).toContainText('DFW-00007')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/devices\/[0-9a-f-]{36}/)

  await page.keyboard.press('Control+k')
  await box.fill('DFW')
  await menu.getByRole('option', { name: 'All devices that match “DFW”' }).click()
  await expect(page).toHaveURL(/\/devices\?.*q=DFW/)
  await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('20 matching')
})

test('the command menu is loaded when it is asked for, changes the theme, and closes', async ({
  adminPage: page,
  world,
}) => {
  await page.goto(`/overview?fleet=${world.fleetId}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  const scripts: string[] = []
  page.on('request', (request) => {
    if (request.resourceType() === 'script') scripts.push(request.url())
  })
  await page.getByRole('button', { name: 'Search or run a command' }).click()
  const menu = page.getByRole('dialog', { name: 'Search or run a command' })
  await expect(menu.getByRole('combobox')).toBeFocused()
  expect(scripts.length, 'its script').toBeGreaterThan(0)
  await page.keyboard.type('theme dark')
  await page.keyboard.press('Enter')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await page.getByRole('button', { name: /your menu/ }).click()
  await expect(page.getByRole('menuitemcheckbox', { name: 'Dark' })).toHaveAttribute('aria-checked', 'true')
  await page.keyboard.press('Escape')

  await page.keyboard.press('Control+k')
  await menu.getByRole('combobox').fill('no:such "name')
  await expect(menu.getByRole('status')).toContainText('No device or incident of that name')
  await page.keyboard.press('Escape')
  await expect(menu).toHaveCount(0)
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Search or run a command')
})

test('a build has no page of components', async ({ page }) => {
  const answer = await page.request.get('/dev/components')
  expect(answer.status()).toBe(404)
})
