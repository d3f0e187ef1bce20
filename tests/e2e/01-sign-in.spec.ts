import { expect, postAdmin, signIn, test } from './support/test.ts'
import type { Account } from './support/world.ts'

test('the one-time link opens the overview, and works once', async ({ page, world, browser }) => {
  await page.goto(world.signInLink)
  await expect(page).toHaveURL(/\/overview/)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()

  const stranger = await browser.newContext({ baseURL: world.url })
  const second = await stranger.newPage()
  await second.goto(world.signInLink)
  await expect(second.getByRole('alert').filter({ hasText: 'used already' })).toBeVisible()
  await second.goto('/overview')
  await expect(second).toHaveURL(/\/sign-in/)
  await stranger.close()
})

test('someone signed out is led to the sign-in and back to where they wanted', async ({ page, world }) => {
  await page.goto('/devices?q=state%3Aoffline')
  await expect(page).toHaveURL(/\/sign-in\?callbackUrl=/)
  await page.getByLabel('E-mail').fill(world.admin.email)
  await page.getByLabel('Password').fill(world.admin.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(/\/devices\?q=state%3Aoffline$/)
})

test('a set-up link that leads nowhere says why instead of asking for a password', async ({ page }) => {
  await page.goto('/set-up?token=long-used')
  await expect(page.getByRole('heading', { name: 'Tidemark is set up already' })).toBeVisible()
  await expect(page.getByLabel('Password')).toHaveCount(0)
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible()
})

test('a wrong password says so, keeps the e-mail, and lets nobody in', async ({ page, world }) => {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(world.admin.email)
  await page.getByLabel('Password').fill('not the password of anybody')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'do not match' })).toBeVisible()
  await expect(page.getByLabel('E-mail')).toHaveValue(world.admin.email)
  await expect(page.getByLabel('Password')).toBeFocused()
  expect(page.url()).not.toContain(encodeURIComponent(world.admin.email))
  // A new look at the page brings nothing back.
  await page.goto('/sign-in')
  await expect(page.getByLabel('E-mail')).toHaveValue('')
  await page.goto('/overview')
  await expect(page).toHaveURL(/\/sign-in/)
})

test('signing out ends the session: a copied cookie is dead', async ({ page, context, world }) => {
  await signIn(page, world.admin)
  const copied = await context.cookies()
  expect((await page.request.get('/api/admin/v1/fleets')).status()).toBe(200)

  await page.getByRole('button', { name: /your menu/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)

  await context.addCookies(copied)
  expect((await page.request.get('/api/admin/v1/fleets')).status()).toBe(401)
  await page.goto(`${world.url}/overview`)
  await expect(page).toHaveURL(/\/sign-in/)
})

test('a viewer sees a schema, and no way to change it', async ({ adminPage, browser, world }) => {
  const viewer: Account = { email: 'viewer@example.org', password: 'only here to look around' }
  await postAdmin(adminPage, world, '/users', { ...viewer, role: 'viewer' })
  const context = await browser.newContext({ baseURL: world.url })
  const page = await context.newPage()
  await signIn(page, viewer)

  await page.goto(`/collections?fleet=${world.fleetId}`)
  await page.getByRole('link', { name: 'strike-reports' }).click()
  await expect(page.getByText('You can see the rules, not change them')).toBeVisible()
  await expect(page.getByRole('button', { name: /^Publish/ })).toHaveCount(0)
  await context.close()
})
