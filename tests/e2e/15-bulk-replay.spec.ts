import type { Locator, Page } from '@playwright/test'
import { openDevice } from './support/device.ts'
import { badRelease, GUSTS, NEXT_SCHEMA } from './support/gusts.ts'
import { ownFleet as makeOwnFleet } from './support/own-fleet.ts'
import { expect, postAdmin, signIn, test } from './support/test.ts'
import type { World } from './support/world.ts'

const LETTERS = 12
const TIMEOUT_MS = 240_000
const DONE_MS = 45_000
/** Devices are counted once a minute; before that a verdict says that it is too early. */
const COUNTED_MS = 100_000
const TABS_MAX = 120

const ownFleet = (page: Page, world: World) => makeOwnFleet(page, world, GUSTS)

/** By the Tab key alone. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible()
  for (let n = 0; n < TABS_MAX; n++) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the Tab key does not reach ${String(target)}`)
}

const title = (page: Page): Locator => page.getByRole('heading', { level: 1 })

test('by keyboard: a bad release on the overview, its cause, a letter, an up-migration, a dry run, a staged replay', async ({
  adminPage: page,
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  const { fleetId, collectionId, own } = await ownFleet(page, world)
  const before = await openDevice(own, 'Walk before', '9.9.8')
  await before.close()
  // It calls the field by another name than the schema.
  const records = await badRelease(own, { speed: 12 }, LETTERS)

  await test.step('the verdict names the release and the cause, and leads to it', async () => {
    await page.goto(`/overview?fleet=${fleetId}&range=1h`)
    await expect(async () => {
      await page.reload()
      const blames = '9.9.9 sends what the schema refuses; no other version does'
      await expect(title(page)).toHaveText(blames, { timeout: 2_000 })
    }).toPass({ timeout: COUNTED_MS })
    await expect(page.getByRole('region', { name: 'Verdict' })).toContainText(
      `${LETTERS} dead letters share one cause: 9.9.9 on gusts`,
    )
    await tabTo(
      page,
      page.getByRole('region', { name: 'Verdict' }).getByRole('link', { name: 'Dead letters' }),
    )
    await page.keyboard.press('Enter')
    await expect(title(page)).toHaveText(`${LETTERS} dead letters of this cause are open`)
    await expect(page.getByRole('region', { name: 'This cause', exact: true })).toContainText(
      // Where an hour began in between, they came in the one before.
      /It goes on: 12 this hour|None yet this hour, 12 in the one before/,
    )
  })

  await test.step('j and Enter open a letter, and the list stays beside it', async () => {
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/dead-letters\/[0-9a-f-]{36}\?.*q=group/)
    await expect(page.getByRole('region', { name: 'Dead letter', exact: true })).toContainText('speedKnots')
    await expect(page.getByRole('region', { name: 'Dead letter', exact: true })).toContainText(
      /What a replay would do now.*refused again.*schema_mismatch.*“speedKnots” is missing/,
    )
  })

  const chosen = page.getByRole('region', { name: 'Selection' })
  await test.step('x chooses one, Shift x a range, and the page is told from all that match', async () => {
    await page.keyboard.press('x')
    await expect(chosen).toContainText(`1 of ${LETTERS} selected`)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Shift+X')
    await expect(chosen).toContainText(`3 of ${LETTERS} selected`)
    await tabTo(page, chosen.getByRole('button', { name: `Select all ${LETTERS} matching` }))
    await page.keyboard.press('Enter')
    await expect(chosen).toContainText(`All ${LETTERS} matching selected`)
  })

  await test.step('r shows what a replay would do before the fix: nothing', async () => {
    await page.keyboard.press('r')
    await expect(page).toHaveURL(/\/operations\/new\?.*kind=replay/)
    await expect(title(page)).toHaveText(`It would settle 0 of ${LETTERS}`)
    const outcomes = page.getByRole('group', { name: 'Predicted outcomes' })
    await expect(outcomes.getByRole('listitem')).toHaveText([/refused again.*schema_mismatch.*12/])
  })

  await test.step('the collection learns the other name, and the dry run says that all apply', async () => {
    const upMigrations = [{ from: 1, to: 2, ops: [{ op: 'rename', path: '/speed', to: '/speedKnots' }] }]
    const answer = await page.request.patch(`/api/admin/v1/collections/${collectionId}?fleet=${fleetId}`, {
      data: { version: 1, schema: NEXT_SCHEMA, upMigrations },
      headers: { origin: world.url },
    })
    expect(answer.status(), await answer.text()).toBe(200)
    await tabTo(page, page.getByRole('button', { name: 'Look again' }))
    await page.keyboard.press('Enter')
    await expect(title(page)).toHaveText(`It would settle all ${LETTERS} letters`)
  })

  await test.step('it starts with a reason, runs by stages, and is done', async () => {
    await tabTo(page, page.getByLabel('Reason, kept in the audit log'))
    await page.keyboard.type('v2 knows the name that 9.9.9 writes')
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/operations\/[0-9a-f-]{36}/)
    await expect(title(page)).toHaveText(`Replay is done: all ${LETTERS} letters`, { timeout: DONE_MS })
    await expect(page.getByRole('group', { name: 'Outcomes' }).getByRole('listitem')).toHaveText([
      /applied.*12/,
    ])
    await expect(page.getByRole('heading', { name: 'It came out as the dry run had said' })).toBeVisible()
    const beside = page.getByRole('table', { name: 'The dry run beside what became' })
    await expect(beside.getByRole('row')).toHaveText([/Outcome/, /applied\s*12\s*12/])
  })

  await test.step('no letter is open, and another device has the records', async () => {
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await expect(title(page)).toHaveText('No dead letter is open')
    const reader = await openDevice(own, 'Walk reader')
    for (const id of records)
      expect((await reader.collection('gusts').get(id))?.data).toEqual({ speedKnots: 12 })
    await reader.close()
  })
})

test('a patch mends some that were chosen by hand; all letters need their count typed', async ({
  adminPage: page,
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  const { fleetId, own } = await ownFleet(page, world)
  const records = await badRelease(own, { speedKnots: '' }, 4)

  await test.step('two are edited by a patch and replayed', async () => {
    await page.goto(`/dead-letters?fleet=${fleetId}`)
    await expect(page.getByRole('button', { name: /^Live\b/ })).toBeVisible()
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await expect(page.getByRole('region', { name: 'Selection' })).toContainText('2 of 4 selected')
    await page.keyboard.press('e')
    await expect(page).toHaveURL(/\/operations\/new\?.*kind=edit&letters=/)
    await tabTo(page, page.getByLabel('JSON Patch of the record'))
    await page.keyboard.type('[{"op": "replace", "path": "/speedKnots"')
    await expect(page.getByText('This is not JSON yet.')).toBeVisible()
    await page.keyboard.type(', "value": 0}]')
    await tabTo(page, page.getByRole('button', { name: 'Preview' }))
    await page.keyboard.press('Enter')
    await expect(title(page)).toHaveText('It would settle all 2 letters')
    await tabTo(page, page.getByLabel('Reason, kept in the audit log'))
    await page.keyboard.type('calm')
    await page.keyboard.press('Enter')
    await expect(title(page)).toHaveText('Edit and replay is done: all 2 letters', { timeout: DONE_MS })
  })

  await test.step('what would take every letter is refused without its count', async () => {
    await page.goto(`/operations/new?fleet=${fleetId}&kind=discard`)
    await expect(title(page)).toHaveText('It would discard all 2 letters')
    await page.getByLabel('Reason, kept in the audit log').fill('not needed')
    await page.getByLabel('Type 2 to go on').fill('3')
    await page.getByRole('button', { name: 'Start the discard of 2' }).click()
    await expect(page.getByRole('alert').filter({ hasText: 'Type 2, the number of letters' })).toBeVisible()
    await page.getByLabel('Type 2 to go on').fill('2')
    await page.getByRole('button', { name: 'Start the discard of 2' }).click()
    await expect(title(page)).toHaveText('Discard is done: all 2 letters', { timeout: DONE_MS })
  })

  await test.step('the edited ones stand, and the list of operations has both', async () => {
    const reader = await openDevice(own, 'Patch reader')
    const found = await Promise.all(records.map((id) => reader.collection('gusts').get(id)))
    expect(found.flatMap((record) => record?.data ?? [])).toEqual([{ speedKnots: 0 }, { speedKnots: 0 }])
    await reader.close()
    await page.goto(`/operations?fleet=${fleetId}`)
    const rows = page.getByRole('table', { name: 'Operations, newest first' }).getByRole('row')
    await expect(rows).toHaveText([/Operation/, /Discard.*completed/, /Edit and replay.*completed/])
  })
})

test('what people say of a cause stands with it; causes are merged, and letters split off', async ({
  adminPage: page,
  world,
}) => {
  test.setTimeout(TIMEOUT_MS)
  const { fleetId, own } = await ownFleet(page, world)
  await badRelease(own, { speedKnots: '' }, 3)
  // Somebody else looks at the same page.
  const other = await page.context().newPage()
  await other.goto(`/dead-letters?fleet=${fleetId}`)
  await expect(other.getByRole('button', { name: /^Live\b/ })).toBeVisible()
  await page.goto(`/dead-letters?fleet=${fleetId}`)
  const cause = page.getByRole('region', { name: 'This cause', exact: true })
  const dialog = page.getByRole('dialog')

  await page.getByRole('button', { name: 'Note and owner…' }).click()
  await dialog.getByLabel('Owner').fill('night ops')
  await dialog.getByLabel('Note').fill('all of these are empty speed')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(cause).toContainText('all of these are empty speed')
  await expect(page.getByRole('region', { name: 'Causes' })).toContainText('night ops')
  await expect(other.getByRole('region', { name: 'Causes' })).toContainText('night ops')

  await page.getByRole('button', { name: 'Snooze' }).click()
  await page.getByRole('menuitem', { name: 'for 8 hours' }).click()
  await expect(page.getByRole('region', { name: 'Causes' })).toContainText('snoozed until')

  const letters = page.getByRole('table', { name: 'Dead letters, newest first' })
  await letters.getByRole('row').nth(1).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Split off…' }).click()
  await dialog.getByLabel('What they have in common').fill('the first one')
  await dialog.getByLabel('Reason, kept in the audit log').fill('it is another story')
  await dialog.getByRole('button', { name: 'Split off' }).click()
  await expect(page.getByRole('region', { name: 'Causes' })).toContainText('2 causes, 3 open')

  await page.getByRole('button', { name: 'Merge…' }).click()
  await dialog.getByLabel(/the first one/).check()
  await dialog.getByLabel('Reason, kept in the audit log').fill('it is the same story')
  await dialog.getByRole('button', { name: 'Merge' }).click()
  await expect(page.getByRole('region', { name: 'Causes' })).toContainText('1 cause, 3 open')
  await expect(other.getByRole('region', { name: 'Causes' })).toContainText('1 cause, 3 open')

  await page.getByRole('button', { name: 'Take apart…' }).click()
  await dialog.getByLabel('the first one (schema_mismatch, gusts)').check()
  await dialog.getByLabel('Reason, kept in the audit log').fill('it is not')
  await dialog.getByRole('button', { name: 'Take out' }).click()
  await expect(page.getByRole('region', { name: 'Causes' })).toContainText('2 causes, 3 open')
})

test('[DL10] a poisoned letter that matches is left out, which is said with the way to take it too', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId, own } = await ownFleet(page, world)
  await badRelease(own, { speedKnots: '' }, 2)
  const list = await page.request.get(`/api/admin/v1/dead-letters?fleet=${fleetId}`)
  const { items } = (await list.json()) as { readonly items: readonly { readonly id: string }[] }
  for (let n = 0; n < 3; n++) {
    const replayed = await page.request.post(
      `/api/admin/v1/dead-letters/${items[0]?.id}/replay?fleet=${fleetId}`,
      { data: { reason: 'again' }, headers: { origin: world.url } },
    )
    expect(replayed.status(), await replayed.text()).toBe(200)
  }
  await page.goto(`/operations/new?fleet=${fleetId}&kind=replay&q=collection:gusts`)
  await expect(title(page)).toHaveText('It would settle 0 of 1')
  await expect(page.getByText('One that matches is left out: it is poisoned')).toBeVisible()
  await page.getByRole('link', { name: 'Take it too' }).click()
  await expect(title(page)).toHaveText('It would settle 0 of 2')
  await expect(page.getByText('left out')).toHaveCount(0)
})

test('who only looks is told why nothing can be pressed', async ({ adminPage: page, world, browser }) => {
  const { fleetId, own } = await ownFleet(page, world)
  await badRelease(own, { speedKnots: '' }, 1)
  const viewer = { email: 'walks-by@example.org', password: 'only here to see the bulk actions' }
  await postAdmin(page, world, '/users', { ...viewer, role: 'viewer' })
  const context = await browser.newContext({ baseURL: world.url })
  const other = await context.newPage()
  await signIn(other, viewer)
  await other.goto(`/dead-letters?fleet=${fleetId}`)
  const cause = other.getByRole('region', { name: 'This cause', exact: true })
  await expect(cause).toContainText('Operators only')
  await expect(cause.getByRole('button')).toHaveCount(0)
  await expect(other.getByRole('checkbox')).toHaveCount(0)
  await other.goto(`/operations/new?fleet=${fleetId}&kind=replay`)
  await expect(other.getByText('Bulk actions are made by operators')).toBeVisible()
  await other.goto(`/operations?fleet=${fleetId}`)
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('No bulk action was made yet')
  await context.close()
})
