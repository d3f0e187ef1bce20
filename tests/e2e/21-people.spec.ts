import { axeFindings } from './support/axe.ts'
import { expect, postAdmin, signIn, test } from './support/test.ts'

const PASSWORD = 'a long sentence for who was invited'

test('who is invited makes an account, may what they were given, and from the next request on no more', async ({
  adminPage: page,
  world,
  browser,
}) => {
  const name = `people ${Date.now()}`
  const { id: fleet } = await postAdmin<{ id: string }>(page, world, '/fleets', { name })
  const email = `grace-${Date.now()}@example.org`
  await page.goto(`/settings/people?fleet=${fleet}`)
  await page.getByRole('button', { name: 'Invite…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('E-mail').fill(email)
  await dialog.getByRole('combobox', { name: 'Fleet', exact: true }).selectOption({ label: name })
  await dialog.getByRole('combobox', { name: 'Role', exact: true }).selectOption('operator')
  await dialog.getByRole('button', { name: 'Make the link' }).click()
  const link = await dialog.getByLabel(`The link for ${email}`).inputValue()
  expect(link).toMatch(/\/invitation\?token=[0-9a-f]{48}$/)
  expect(await axeFindings(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Done' }).click()
  const invitation = page.getByRole('table', { name: 'Invitations' }).getByRole('row', { name: email })
  await expect(invitation).toContainText('open')
  await expect(page.locator('main')).not.toContainText(link)

  const context = await browser.newContext({ baseURL: world.url })
  try {
    const guest = await context.newPage()
    await guest.goto(link)
    expect(await axeFindings(guest)).toEqual([])
    await guest.getByLabel('Your name').fill('Grace')
    await guest.getByLabel('Password').fill(PASSWORD)
    await guest.getByRole('button', { name: 'Make the account' }).click()
    await guest.waitForURL(/\/sign-in\?ready=1/)
    expect((await guest.request.get(link)).status()).toBe(410)
    await signIn(guest, { email, password: PASSWORD })
    const fleets = async () => {
      const answer = await guest.request.get('/api/admin/v1/fleets')
      if (!answer.ok()) return answer.status()
      return ((await answer.json()) as { items: { id: string }[] }).items.map(({ id }) => id)
    }
    expect(await fleets()).toEqual([fleet])
    const release = async (version: string) =>
      (
        await guest.request.post('/api/admin/v1/releases', {
          data: { fleet, version },
          headers: { origin: world.url },
        })
      ).status()
    expect(await release('1.0')).toBe(201)

    await page.reload()
    await expect(invitation).toContainText('accepted')
    const person = page.getByRole('table', { name: 'People' }).getByRole('row', { name: email })
    await expect(person).toContainText(`operator of ${name}`)
    await person.getByRole('button', { name: 'Role…' }).click()
    await expect(dialog.getByRole('combobox', { name: 'Fleet', exact: true })).toHaveValue(fleet)
    await expect(dialog.getByRole('combobox', { name: 'Role', exact: true })).toHaveValue('operator')
    await dialog.getByRole('combobox', { name: 'Role', exact: true }).selectOption('viewer')
    await dialog.getByLabel('Reason, kept in the audit log').fill('other work')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(person).toContainText(`viewer of ${name}`)
    expect(await release('1.1')).toBe(403)
    expect(await fleets()).toEqual([fleet])

    await person.getByRole('button', { name: 'More for Grace' }).click()
    await page.getByRole('menuitem', { name: 'Disable…' }).click()
    await dialog.getByLabel('Reason, kept in the audit log').fill('left the company')
    await dialog.getByRole('button', { name: 'Disable' }).click()
    await expect(person).toContainText('disabled')
    expect(await fleets()).toBe(401)
  } finally {
    await context.close()
  }
})

test('an operator key is made, shown once, used and revoked', async ({ adminPage: page, world }) => {
  await page.goto(`/settings/keys?fleet=${world.fleetId}`)
  await page.getByRole('button', { name: 'New key…' }).click()
  const dialog = page.getByRole('dialog')
  const name = `nightly ${Date.now()}`
  await dialog.getByLabel('Name').fill(name)
  // A key of one fleet can't open what tells of every fleet.
  await expect(dialog.getByLabel('Opens')).toBeHidden()
  await dialog.getByRole('combobox', { name: 'Fleet', exact: true }).selectOption({ label: 'Every fleet' })
  await expect(dialog.getByLabel('Opens')).toBeVisible()
  await expect(dialog.getByLabel('Ends')).toHaveValue('90')
  await dialog.getByLabel('Ends').selectOption({ label: 'In a week' })
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const key = await dialog.getByLabel(`The key ${name}`).inputValue()
  expect(key).toMatch(/^tmk_/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(page.locator('main')).not.toContainText(key)
  const row = page.getByRole('row', { name })
  await expect(row).toContainText('ends soon')
  await expect(row).toContainText('never')

  const asked = async () =>
    (await fetch(`${world.url}/api/admin/v1/fleets`, { headers: { authorization: `Bearer ${key}` } })).status
  expect(await asked()).toBe(200)
  await page.reload()
  await expect(row).toContainText('from 127.0.0.1')
  expect(await axeFindings(page)).toEqual([])
  await row.getByRole('button', { name: 'Revoke…' }).click()
  await dialog.getByLabel('Reason, kept in the audit log').fill('the program is gone')
  await dialog.getByRole('button', { name: 'Revoke' }).click()
  await expect(row).toContainText('revoked')
  expect(await asked()).toBe(401)
})
