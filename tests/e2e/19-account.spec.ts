import type { Browser, Locator, Page } from '@playwright/test'
import pg from 'pg'
import { axeFindings } from './support/axe.ts'
import { expect, postAdmin, signIn, test } from './support/test.ts'
import type { Account, World } from './support/world.ts'

/** Somebody of this test's own: what it ends must not be what other tests go on with. */
async function somebody(page: Page, world: World, name: string): Promise<Account & { id: string }> {
  const account = { email: `${name}-${Date.now()}@example.org`, password: 'the first sentence of them all' }
  const { id } = await postAdmin<{ id: string }>(page, world, '/users', { ...account, role: 'admin' })
  return { ...account, id }
}

async function browserOf(browser: Browser, world: World, account: Account): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: world.url })).newPage()
  await signIn(page, account)
  return page
}

/** As if half an hour had gone by since they signed in. */
async function age({ database }: World, userId: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    `UPDATE user_session SET proved_at = proved_at - interval '30 minutes' WHERE user_id = $1`,
    [userId],
  )
  await client.end()
}

/** Esc at the very moment in which a password is asked for: earlier than any hand presses it. */
async function escapeOnceFocused(page: Page): Promise<void> {
  await page.evaluate(() =>
    document.addEventListener('focusin', ({ target }) => {
      if (!(target instanceof HTMLInputElement) || target.type !== 'password') return
      target.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
    }),
  )
}

/** A dialog that has only just the focus may not hear the first Esc; nothing below it may hear that either. */
async function closeByEscape(page: Page, dialog: Locator): Promise<void> {
  await expect(async () => {
    await page.keyboard.press('Escape')
    await expect(dialog).toHaveCount(0, { timeout: 500 })
  }).toPass()
}

test('[check 18] a new password asks again who one is, keeps what was typed, and ends the other sessions', async ({
  adminPage,
  browser,
  world,
}) => {
  const account = await somebody(adminPage, world, 'ana')
  const [page, other] = [await browserOf(browser, world, account), await browserOf(browser, world, account)]
  await age(world, account.id)
  await page.goto(`/settings/account?fleet=${world.fleetId}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('signed in on 2 browsers')
  expect(await axeFindings(page)).toEqual([])

  await page.getByLabel('Password now').fill(account.password)
  await page.getByLabel('New password').fill('seven geese over the hangar')
  await page.getByRole('button', { name: 'Change the password' }).click()
  const dialog = page.getByRole('dialog', { name: 'Show again who you are' })
  await expect(dialog).toContainText(/yours ended .+ ago.+ open in this browser for 30 minutes/)
  await dialog.getByLabel('Your password').fill('not the password of anybody')
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await expect(dialog.getByRole('alert')).toContainText('not your password')
  expect(await axeFindings(page)).toEqual([])
  await dialog.getByLabel('Your password').fill(account.password)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await expect(page.getByText('your other sessions have ended')).toBeVisible()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('signed in on 1 browser')

  await other.goto('/overview')
  await expect(other).toHaveURL(/\/sign-in/)
  await signIn(other, { ...account, password: 'seven geese over the hangar' })
  await Promise.all([page.context().close(), other.context().close()])
})

test('[check 18] over a form in a dialog it asks too, and Esc leaves the form as it was', async ({
  adminPage,
  browser,
  world,
}) => {
  const account = await somebody(adminPage, world, 'cy')
  const page = await browserOf(browser, world, account)
  await age(world, account.id)
  await page.goto(`/settings/enrollment?fleet=${world.fleetId}`)
  await page.getByRole('button', { name: 'New enrollment key…' }).click()
  const form = page.getByRole('dialog', { name: /key/ })
  await form.getByLabel('Name').fill('Shop 18')
  await escapeOnceFocused(page)
  await form.getByRole('button', { name: 'Make the key' }).click()
  const dialog = page.getByRole('dialog', { name: 'Show again who you are' })
  await expect(dialog.getByLabel('Your password')).toBeFocused()
  await closeByEscape(page, dialog)
  await expect(form.getByLabel('Name')).toHaveValue('Shop 18')
  await form.getByRole('button', { name: 'Make the key' }).click()
  await dialog.getByLabel('Your password').fill(account.password)
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('The key Shop 18')).toHaveValue(/^tme_/)
  await page.context().close()
})

test('[check 16] signing out everywhere else ends another browser’s session, one by one ends one', async ({
  adminPage,
  browser,
  world,
}) => {
  const account = await somebody(adminPage, world, 'bo')
  const [page, other] = [await browserOf(browser, world, account), await browserOf(browser, world, account)]
  await page.getByRole('button', { name: /your menu/ }).click()
  await page.getByRole('menuitem', { name: 'Your account' }).click()
  await page.getByRole('button', { name: 'Sign out everywhere else…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere else' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('signed in on 1 browser')
  await other.goto('/overview')
  await expect(other).toHaveURL(/\/sign-in/)

  await page
    .getByRole('row', { name: /this one/ })
    .getByRole('button', { name: 'Sign out…' })
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
  await Promise.all([page.context().close(), other.context().close()])
})

test('[check 19] somebody who was invited comes in by the sign-in provider, which a dangerous act asks anew', async ({
  adminPage,
  browser,
  world,
}) => {
  const context = await browser.newContext({ baseURL: world.url })
  const page = await context.newPage()
  await page.goto('/sign-in?callbackUrl=/devices')
  await page.getByRole('button', { name: 'Continue with Our directory' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'invited' })).toBeVisible()

  const invited = { email: world.directoryEmail, role: 'admin' }
  const { id } = await postAdmin<{ id: string }>(adminPage, world, '/users', invited)
  await page.goto('/sign-in?callbackUrl=/devices')
  await page.getByRole('button', { name: 'Continue with Our directory' }).click()
  await page.waitForURL(/\/devices/)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()

  await age(world, id)
  await page.goto(`/settings/enrollment?fleet=${world.fleetId}`)
  await page.getByRole('button', { name: 'New enrollment key…' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Shop 19')
  await page.getByRole('button', { name: 'Make the key' }).click()
  const dialog = page.getByRole('dialog', { name: 'Show again who you are' })
  await dialog.getByRole('button', { name: 'I have signed in' }).click()
  await expect(dialog.getByRole('alert')).toContainText('Not yet')
  expect(await axeFindings(page)).toEqual([])
  const opened = context.waitForEvent('page')
  await dialog.getByRole('button', { name: 'Continue with Our directory, in another tab' }).click()
  const tab = await opened
  await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible()
  await tab.close()
  await dialog.getByRole('button', { name: 'I have signed in' }).click()
  await expect(page.getByLabel('The key Shop 19')).toHaveValue(/^tme_/)
  await context.close()
})
