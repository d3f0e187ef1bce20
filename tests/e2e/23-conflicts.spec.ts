import type { Page } from '@playwright/test'
import type { Replica } from '#lib/client/replica.ts'
import { axeFindings } from './support/axe.ts'
import { openDevice } from './support/device.ts'
import { expect, postAdmin, test } from './support/test.ts'
import type { World } from './support/world.ts'

const NAME = 'visits'
const SCHEMA = {
  'x-tidemark-screen': 'Visit form',
  type: 'object',
  required: ['title'],
  properties: { title: { title: 'Headline', type: 'string', minLength: 1 }, count: { type: 'integer' } },
}

/** A fleet whose one collection leaves every conflict to a person, and two devices of it. */
async function desk(page: Page, world: World) {
  const { id: fleetId } = await postAdmin<{ id: string }>(page, world, '/fleets', {
    name: `desk ${Date.now()}`,
  })
  await postAdmin(page, world, '/collections', {
    fleet: fleetId,
    name: NAME,
    strategy: 'manual',
    schema: SCHEMA,
  })
  const { key } = await postAdmin<{ key: string }>(page, world, '/enrollment-keys', {
    fleet: fleetId,
    name: 'desk',
    access: { [NAME]: 'write' },
  })
  const own = { ...world, fleetId, enrollmentKey: key }
  const one = await openDevice(own, 'Gate tablet', '2.4.0')
  const two = await openDevice(own, 'Ramp phone', '2.4.1')
  return { fleetId, one, two }
}

/** A record that both changed in the same field: what `one` did waits for a person. */
async function contest(one: Replica, two: Replica, title: string): Promise<string> {
  const { recordId } = await one.collection(NAME).put(null, { title: `${title} first`, count: 1 })
  await one.sync()
  await two.sync()
  await two.collection(NAME).patch(recordId, { set: { title: `${title} theirs` } })
  await two.sync()
  await one.collection(NAME).patch(recordId, { set: { title: `${title} mine` } })
  await one.sync()
  if (!one.conflicts$.get().some((notice) => notice.recordId === recordId))
    throw new Error('the change should wait for a person')
  return recordId
}

const titleOf = async (device: Replica, recordId: string): Promise<unknown> =>
  (await device.collection(NAME).get(recordId))?.data['title']

async function bothShow(one: Replica, two: Replica, recordId: string, title: string): Promise<void> {
  for (const device of [one, two]) {
    await device.sync()
    expect(await titleOf(device, recordId)).toBe(title)
  }
  expect(one.conflicts$.get().filter((notice) => notice.recordId === recordId)).toEqual([])
}

/** Charts follow the screen a moment later. */
const widerThanScreen = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)

test('two devices disagree, the desk decides, both show it', async ({ adminPage: page, browser, world }) => {
  test.setTimeout(120_000)
  const { fleetId, one, two } = await desk(page, world)
  const kept = await contest(one, two, 'kept')
  const merged = await contest(one, two, 'merged')
  const lost = await contest(one, two, 'lost')

  await test.step('what waits for a person keeps nothing else of the device waiting', async () => {
    const { recordId } = await one.collection(NAME).put(null, { title: 'other work' })
    await one.sync()
    await two.sync()
    expect(await titleOf(two, recordId)).toBe('other work')
    expect(one.status$.get().problem).toBeNull()
  })

  await test.step('the list says how many wait, and groups them by field and versions', async () => {
    await page.goto(`/conflicts?fleet=${fleetId}`)
    await expect(page.getByRole('heading', { level: 1 })).toContainText('3 conflicts wait for a person')
    const groups = page.getByRole('region', { name: 'Groups of conflicts' })
    await expect(groups.getByRole('link')).toHaveCount(1)
    await expect(groups.getByRole('link')).toContainText('2.4.0 against 2.4.1')
    await groups.getByRole('link').click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText('3 conflicts match')
    expect(await axeFindings(page)).toEqual([])
    await page.goto(`/conflicts?fleet=${fleetId}`)
  })

  await test.step('by keyboard alone: the first one, the device’s side', async () => {
    // A live page may be drawn anew between two keys.
    await page.getByRole('button', { name: /Pause live updates/ }).click()
    await page.getByRole('heading', { level: 1 }).click()
    await page.keyboard.press('j')
    await expect(page.locator('.row-link').first()).toBeFocused()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Gate tablet and the server disagree')
    const table = page.getByRole('table', { name: /by field/ })
    await expect(table.getByRole('row', { name: /title/ })).toContainText('kept mine')
    await expect(table.getByRole('row', { name: /title/ })).toContainText('kept theirs')
    await expect(page.getByText('on 2.4.1')).toBeVisible()
    expect(await axeFindings(page)).toEqual([])
    await page.keyboard.press('m')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason, kept in the audit log').fill('they were there')
    await page.keyboard.press('Enter')
    await expect(page.getByText('The device’s side was kept')).toBeVisible()
    await expect(page.getByText('A person kept the side of this device')).toBeVisible()
    await bothShow(one, two, kept, 'kept mine')
  })

  await test.step('assigned and noted', async () => {
    await page.getByRole('link', { name: 'On to the next that waits' }).click()
    await expect(page.getByRole('table', { name: /by field/ })).toContainText('merged mine')
    await page.getByRole('button', { name: 'Assign to me' }).click()
    await expect(page.getByText('It is yours now')).toBeVisible()
    await page.getByRole('button', { name: 'Assign and note…' }).click()
    await page.getByRole('dialog').getByLabel('Note').fill('ask the crew')
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await expect(page.locator('.desk-note')).toHaveText('ask the crew')
  })

  await test.step('a third version: what the schema refuses is told here, then it is written', async () => {
    await page.keyboard.press('e')
    const form = page.getByRole('form', { name: 'Choose by field' })
    await form
      .getByRole('radiogroup', { name: 'title' })
      .getByLabel(/server now/)
      .check()
    const title = form.getByRole('textbox', { name: /^title/ })
    await expect(title).toHaveValue('merged theirs')
    await title.fill('')
    await form.getByLabel('Reason, kept in the audit log').fill('both are right')
    await form.getByRole('button', { name: 'Keep this version' }).click()
    await expect(form.getByRole('alert')).toContainText('Today’s schema still refuses it')
    expect(await axeFindings(page)).toEqual([])
    await title.fill('merged by hand')
    await form.getByRole('button', { name: 'Keep this version' }).click()
    await expect(page.getByText('The merged version was kept')).toBeVisible()
    await bothShow(one, two, merged, 'merged by hand')
  })

  await test.step('of two people at once one decides, and the other is told', async () => {
    await page.getByRole('link', { name: 'On to the next that waits' }).click()
    await expect(page.getByRole('table', { name: /by field/ })).toContainText('lost mine')
    // A refused request is an error in a browser's console: the late one has a browser of their own.
    const context = await browser.newContext({
      baseURL: world.url,
      storageState: await page.context().storageState(),
    })
    const late = await context.newPage()
    await late.goto(page.url())
    const lateDialog = late.getByRole('dialog')
    await expect(async () => {
      await late.getByRole('button', { name: 'Keep the device’s side' }).click({ timeout: 1_000 })
      await expect(lateDialog).toBeVisible({ timeout: 1_000 })
    }).toPass()
    await lateDialog.getByLabel('Reason, kept in the audit log').fill('mine')
    // The first one's decision arrives while the late one's is on its way.
    await late.route(
      (url) => url.pathname.endsWith('/resolve'),
      async (route) => {
        await page.getByRole('button', { name: 'Keep the server’s side' }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByLabel('Reason, kept in the audit log').fill('I was first')
        await dialog.getByRole('button', { name: 'Keep the server’s side' }).click()
        await expect(page.getByText('The server’s side was kept')).toBeVisible()
        await route.continue()
      },
      { times: 1 },
    )
    await lateDialog.getByRole('button', { name: 'Keep the device’s side' }).click()
    await expect(late.getByText('Somebody decided this').first()).toBeVisible()
    await context.close()
    await bothShow(one, two, lost, 'lost theirs')
  })

  await test.step('what lost is brought back', async () => {
    await page.reload()
    await page.getByRole('button', { name: 'Bring back the device’s side…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason, kept in the audit log').fill('it was needed after all')
    await dialog.getByRole('button', { name: 'Bring it back' }).click()
    await expect(page.getByText('What lost is written again')).toBeVisible()
    await bothShow(one, two, lost, 'lost mine')
    await page.goto(`/conflicts?fleet=${fleetId}`)
    await expect(page.getByRole('heading', { level: 1 })).toContainText('No conflict waits for a person')
    await expect(page.locator('.verdict')).toContainText('3 conflicts decided')
  })
  await one.close()
  await two.close()
})

test('all of a list by a rule: looked at first, then each by itself', async ({ adminPage: page, world }) => {
  const { fleetId, one, two } = await desk(page, world)
  const records: string[] = []
  for (let i = 0; i < 4; i++) records.push(await contest(one, two, `no ${i}`))
  await page.goto(`/conflicts?fleet=${fleetId}`)
  await page.getByRole('button', { name: 'Decide all by a rule…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Rule').selectOption('merge')
  await dialog.getByRole('button', { name: 'See what it would do' }).click()
  await expect(dialog).toContainText('4 stay open: both sides changed the same field')
  await dialog.getByLabel('Rule').selectOption('mine')
  await dialog.getByRole('button', { name: 'See what it would do' }).click()
  await expect(dialog).toContainText('4 keep the device’s side')
  expect(await axeFindings(page)).toEqual([])
  await dialog.getByLabel('Reason, kept in the audit log').fill('the crew was there')
  await expect(dialog.getByRole('button', { name: 'Decide 4' })).toBeDisabled()
  await dialog.getByLabel('Type 4 to go on').fill('4')
  // No answer is no dead end: sent again, what has begun is not begun twice.
  await page.route(
    ({ pathname }) => pathname.endsWith('/conflicts/by-rule'),
    async (route) => {
      await route.fetch()
      await route.fulfill({ status: 200, contentType: 'application/json', body: '{"id":' })
    },
    { times: 1 },
  )
  await dialog.getByRole('button', { name: 'Decide 4' }).click()
  await expect(dialog).toContainText('The server did not answer. Send it again')
  await dialog.getByRole('button', { name: 'Decide 4' }).click()
  await expect(page).toHaveURL(/\/operations\/[0-9a-f-]{36}/)
  const heading = page.getByRole('heading', { level: 1 })
  await expect(heading).toContainText('Decision by a rule is done: all 4 conflicts', { timeout: 30_000 })
  await expect(page.getByRole('table', { name: 'Conflicts of the operation' }).getByRole('row')).toHaveCount(
    5,
  )
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('link', { name: 'Its conflicts' }).click()
  await expect(heading).toContainText('4 conflicts match')
  await page.goto(`/operations?fleet=${fleetId}`)
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(2)
  await page.goto(`/conflicts?fleet=${fleetId}`)
  await expect(heading).toContainText('No conflict waits for a person')
  for (const [i, recordId] of records.entries()) await bothShow(one, two, recordId, `no ${i} mine`)

  await test.step('a closed tab stops nothing: another one shows that it went on', async () => {
    for (let i = 0; i < 3; i++) await contest(one, two, `again ${i}`)
    await page.goto(`/conflicts?fleet=${fleetId}`)
    await expect(page.locator('.desk .row-link')).toHaveCount(3)
    const tab = await page.context().newPage()
    await tab.goto(`/conflicts?fleet=${fleetId}`)
    await tab.getByRole('button', { name: 'Decide all by a rule…' }).click()
    const again = tab.getByRole('dialog')
    await again.getByRole('button', { name: 'See what it would do' }).click()
    await again.getByLabel('Reason, kept in the audit log').fill('as the server has it')
    await again.getByLabel('Type 3 to go on').fill('3')
    await again.getByRole('button', { name: 'Decide 3' }).click()
    await expect(tab).toHaveURL(/\/operations\/[0-9a-f-]{36}/)
    const { pathname } = new URL(tab.url())
    await tab.close()
    // The desk that somebody else has open follows.
    await expect(heading).toContainText('No conflict waits for a person', { timeout: 30_000 })
    await expect(page.locator('.desk .row-link')).toHaveCount(0)
    await page.goto(`${pathname}?fleet=${fleetId}`)
    await expect(heading).toContainText('Decision by a rule is done: all 3 conflicts', { timeout: 30_000 })
    await page.setViewportSize({ width: 390, height: 844 })
    await expect.poll(() => widerThanScreen(page)).toBeLessThanOrEqual(0)
  })

  await test.step('on a phone the list comes first, and nothing is wider than the screen', async () => {
    await contest(one, two, 'narrow')
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(`/conflicts?fleet=${fleetId}`)
    await expect(page.getByRole('heading', { level: 1 })).toContainText('1 conflict waits for a person')
    // The way to a page leads past its skeleton: only its own title says that it is there.
    for (const [go, title] of [
      [() => Promise.resolve(), '1 conflict waits for a person'],
      [() => page.locator('.row-link').first().click(), 'and the server disagree'],
    ] as const) {
      await go()
      await expect(page.locator('main h1')).toContainText(title)
      await expect.poll(() => widerThanScreen(page)).toBeLessThanOrEqual(0)
      expect(await axeFindings(page)).toEqual([])
    }
  })

  await test.step('on a phone rows stand above the chips; no column is cut there or at 1,280', async () => {
    for (const [width, height] of [
      [390, 844],
      [1_280, 800],
    ] as const) {
      await page.setViewportSize({ width, height })
      await page.goto(`/conflicts?fleet=${fleetId}&q=${encodeURIComponent('status:open,resolved')}`)
      await expect(page.locator('.desk .row-link').first()).toBeVisible()
      const table = page.locator('.desk .dt-wrap')
      expect(await table.evaluate((wrap) => wrap.scrollWidth - wrap.clientWidth)).toBeLessThanOrEqual(0)
      if (width > 760) continue
      const [row, chips] = await Promise.all([
        page.locator('.desk .row-link').first().boundingBox(),
        page.locator('.filter > .chips').first().boundingBox(),
      ])
      expect(row?.y).toBeLessThan(chips?.y ?? 0)
    }
  })
  await one.close()
  await two.close()
})

/** Each is three changes, two of them of one version: of twenty a rate says something. */
const CONTESTED = 10

test('friction: which field and screen, who met whom, and the way from a field to its conflicts', async ({
  adminPage: page,
  world,
}) => {
  // Figures are folded once a minute.
  test.setTimeout(240_000)
  const { fleetId, one, two } = await desk(page, world)
  for (let i = 0; i < CONTESTED; i++) await contest(one, two, `friction ${i}`)
  const path = `/pillars/conflicts?fleet=${fleetId}&range=1h`
  const title = page.getByRole('heading', { level: 1 })
  await expect(async () => {
    await page.goto(path)
    await expect(title).toContainText('Friction in visits', { timeout: 2_000 })
    // All of them are in the figures.
    await expect(page.locator('.verdict')).toContainText(`${CONTESTED} of ${3 * CONTESTED} pushed`, {
      timeout: 1_000,
    })
  }).toPass({ timeout: 150_000 })
  await page.getByRole('button', { name: /Pause live updates/ }).click()

  await test.step('the verdict names the field, its screen, the versions and that two devices met', async () => {
    await expect(title).toContainText('most over Headline (title) on the screen “Visit form”')
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await expect(verdict).toContainText(`2.4.0 against 2.4.1 in ${CONTESTED} of ${CONTESTED}`)
    await expect(verdict).toContainText(
      `in ${CONTESTED} of the newest ${CONTESTED} two devices had edited it`,
    )
    await expect(page.getByRole('table', { name: 'Conflicts by pair of app versions' })).toContainText(
      / % of \d+/,
    )
    expect(await axeFindings(page)).toEqual([])
  })

  const heat = page.getByRole('figure', { name: 'Conflicts by field, last hour' })
  await test.step('each looks as it should: no wider than the screen, in dark too', async () => {
    for (const [width, colorScheme] of [
      [390, 'light'],
      [1_280, 'dark'],
      [1_440, 'light'],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      await expect(heat.locator('.cell.on').first()).toBeVisible()
      await expect.poll(() => widerThanScreen(page)).toBeLessThanOrEqual(0)
      expect(await axeFindings(page)).toEqual([])
    }
  })

  await test.step('a field leads to its conflicts, by keyboard too', async () => {
    await expect(heat.getByRole('table')).toContainText(`title${CONTESTED}`)
    await heat.getByRole('link', { name: 'title' }).focus()
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/conflicts\?.*field%3A%2Ftitle/)
    await expect(title).toContainText(`${CONTESTED} conflicts match`)
    await expect(page.locator('.verdict')).toContainText('Friction in visits')
  })

  await test.step('a cell leads to those of its time', async () => {
    await page.goto(path)
    await page.getByRole('button', { name: /Pause live updates/ }).click()
    await heat.locator('.cell.on').first().click()
    await expect(page).toHaveURL(/arose%3A/)
    await expect(title).toContainText(/\d+ conflicts? match/)
  })

  await test.step('the Overview says so in the card’s line', async () => {
    await page.goto(`/overview?fleet=${fleetId}&range=1h`)
    await expect(
      page.getByText('Friction in visits, most over Headline (title) on the screen “Visit form”'),
    ).toBeVisible()
  })
  await one.close()
  await two.close()
})
