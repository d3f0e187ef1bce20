import type { Locator, Page } from '@playwright/test'
import { startReceiver } from '#tests/support/receiver.ts'
import { axeFindings } from './support/axe.ts'
import { ownFleet } from './support/own-fleet.ts'
import { expect, test } from './support/test.ts'

const title = (page: Page): Locator => page.getByRole('heading', { level: 1 })
const press = (on: Locator): Promise<void> => on.press('Enter')

test('by keyboard a rule is found and changed, its preview seen, saved, and taken back', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId } = await ownFleet(page, world, { name: 'orders', schema: { type: 'object' } })
  await page.goto(`/alerts/rules?fleet=${fleetId}`)
  await expect(title(page)).toHaveText(/^21 rules watch this fleet/)
  await page.keyboard.press('/')
  await page.keyboard.type('rule:conflicts-many')
  await page.keyboard.press('Enter')
  await expect(title(page)).toHaveText('1 rule matches “rule:conflicts-many”')
  // Out of the box, where keys are letters.
  await page.getByRole('search').getByRole('combobox').blur()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(title(page)).toHaveText(/^Many changes collide/)

  await page.getByLabel('The bound is').selectOption('a number of its own')
  await page.getByLabel('Bound, %').fill('100')
  await expect(page.getByText('can never fire: a share is at most 1')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Save rule' })).toBeDisabled()
  await page.getByLabel('Bound, %').fill('25')
  await press(page.getByRole('button', { name: 'Preview' }))
  await expect(page.getByRole('heading', { name: /the last 30 days/ })).toBeVisible()
  expect(await axeFindings(page)).toEqual([])
  await press(page.getByRole('button', { name: 'Save rule' }))
  await expect(page.getByRole('heading', { name: /^Fires on over 25 % of changes collided/ })).toBeVisible()
  await expect(page.getByRole('region', { name: 'Verdict' })).toContainText('Changed here')

  await press(page.getByRole('button', { name: 'Back to as shipped…' }))
  await press(page.getByRole('dialog').getByRole('button', { name: 'As shipped' }))
  await expect(page.getByRole('heading', { name: /^Fires on over 10 % \(threshold/ })).toBeVisible()
  await expect(page.getByLabel('The bound is')).toHaveValue('conflictFriction')
})

test('a webhook is made with its key shown once, and a test says what its receiver answers', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId } = await ownFleet(page, world, { name: 'orders', schema: { type: 'object' } })
  const receiver = await startReceiver()
  await page.goto(`/alerts/channels?fleet=${fleetId}`)
  await expect(title(page)).toHaveText(/^Nobody is told of incidents/)
  await press(page.getByRole('button', { name: 'New channel…' }))
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('on call')
  await dialog.getByLabel('URL').fill(`${receiver.url}/hook`)
  expect(await axeFindings(page)).toEqual([])
  await press(dialog.getByRole('button', { name: 'Make the channel' }))
  await expect(dialog.getByLabel('The key on call')).toHaveValue(/./)
  await press(dialog.getByRole('button', { name: 'Done' }))
  // Until it is gone nothing behind it takes the focus.
  await expect(dialog).toHaveCount(0)
  await press(page.getByRole('link', { name: 'on call' }))
  await expect(title(page)).toHaveText('Nothing was sent on “on call” yet')

  await press(page.getByRole('button', { name: 'Send a test' }))
  await expect(page.getByText(/^The test was taken: 202/)).toBeVisible()
  expect(receiver.received).toHaveLength(1)
  expect(receiver.received[0]?.headers['tidemark-signature']).toMatch(/^v1=/)
  receiver.reply = () => ({ status: 404, body: 'no such hook' })
  await press(page.getByRole('button', { name: 'Send its end' }))
  await expect(page.getByText(/^The test was refused: 404/)).toContainText('no such hook')
  await expect(title(page)).toHaveText('The last message on “on call” was refused')
  const log = page.getByRole('table', { name: 'What was sent, try by try' })
  await expect(log.getByRole('row')).toHaveText([/^When/, /refused.*no such hook/, /delivered/])
  await receiver.close()
})
