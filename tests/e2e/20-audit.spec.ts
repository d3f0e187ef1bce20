import { axeFindings } from './support/axe.ts'
import { expect, test } from './support/test.ts'

test('what was done stands in the audit log, is found, looked at, verified and exported', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId } = world
  const name = `tablets-${Date.now()}`
  await page.goto(`/settings/enrollment?fleet=${fleetId}`)
  const made = await page.request.post('/api/admin/v1/enrollment-keys', {
    data: { fleet: fleetId, name },
    headers: { origin: new URL(page.url()).origin },
  })
  expect(made.status()).toBe(201)

  await page.goto(`/audit?fleet=${fleetId}`)
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Audit' }).first()).toHaveAttribute(
    'aria-current',
    'page',
  )
  const table = page.getByRole('table', { name: 'Audit entries, newest first' })
  await expect(table.getByRole('row').nth(1)).toContainText('enrollment-key.create')
  expect(await axeFindings(page)).toEqual([])

  await test.step('a filter', async () => {
    await page.goto(
      `/audit?fleet=${fleetId}&q=${encodeURIComponent('action:enrollment-key.create outcome:done at:<1h')}`,
    )
    await expect(table.getByRole('row').nth(1)).toContainText('enrollment-key.create')
    await page.goto(`/audit?fleet=${fleetId}&q=${encodeURIComponent('action:nothing.at.all')}`)
    await expect(page.getByText('No entry matches this filter')).toBeVisible()
    await page.goto(`/audit?fleet=${fleetId}&q=${encodeURIComponent('wrong:x')}`)
    await expect(page.getByRole('heading', { level: 1 })).toContainText('not understood')
  })

  await test.step('one entry', async () => {
    await page.goto(`/audit?fleet=${fleetId}`)
    await table.getByRole('row').nth(1).getByRole('link').first().click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText('made an enrollment key')
    const fields = page.getByRole('table', { name: 'Fields before and after' })
    await expect(fields.getByRole('row', { name: /name/ })).toContainText(name)
    expect(await axeFindings(page)).toEqual([])
  })

  await test.step('the chain', async () => {
    await page.goto(`/audit/all?fleet=${fleetId}`)
    await page.getByRole('button', { name: 'Verify chain' }).click()
    await expect(page.getByText(/Chain holds: [\d,]+ entries, up to number [\d,]+/)).toBeVisible()
    await expect(page.getByText(/compare with the one that your log or metric has/)).toBeVisible()
    await page.getByLabel('A head that was kept elsewhere').fill('not a head')
    await page.getByRole('button', { name: 'Verify chain' }).click()
    await expect(page.getByText(/must be SEQ:MAC/)).toBeVisible()
    expect(await axeFindings(page)).toEqual([])
  })

  await test.step('a file', async () => {
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export NDJSON' }).click()
    expect((await download).suggestedFilename()).toMatch(/^audit-.*\.ndjson$/)
  })
})
