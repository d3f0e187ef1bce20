import { leaveDeadLetter, openDevice } from './support/device.ts'
import { expect, postAdmin, signIn, test } from './support/test.ts'
import type { Account } from './support/world.ts'

const COLLECTION = 'wind-readings'
const LIVE_TIMEOUT_MS = 30_000
const schemaOf = (...types: string[]): object => ({
  type: 'object',
  required: ['speedKnots'],
  properties: { speedKnots: { type: types } },
})
const VIEWER: Account = { email: 'looks-only@example.org', password: 'only here to look around' }

test('a schema that fixes the cause, a replay, and the record stands', async ({
  adminPage: page,
  browser,
  world,
}) => {
  const { fleetId } = world
  const collection = await postAdmin<{ id: string }>(page, world, '/collections', {
    fleet: fleetId,
    name: COLLECTION,
    strategy: 'lww',
    schema: schemaOf('integer'),
  })
  const writer = await openDevice(world, 'E2E writer')
  const reader = await openDevice(world, 'E2E reader')
  const written = { speedKnots: '' }
  const { recordId } = await writer.collection(COLLECTION).put(null, written, { validate: false })
  await writer.sync()
  const [notice] = writer.deadLetters$.get()
  expect(notice).toMatchObject({ code: 'schema_mismatch' })

  await test.step('it is on the list of its cause', async () => {
    await page.goto(`/dead-letters?fleet=${fleetId}`)
    await page.getByRole('region', { name: 'Causes' }).getByRole('link', { name: COLLECTION }).click()
    const items = page.getByRole('table', { name: 'Dead letters, newest first' })
    await items.getByRole('row').filter({ hasText: 'E2E writer' }).getByRole('link').click()
    await expect(page).toHaveURL(/\/dead-letters\/[0-9a-f-]{36}/)
    await expect(page.getByRole('region', { name: 'Dead letter', exact: true })).toContainText('speedKnots')
  })
  const letterUrl = page.url()

  await test.step('a viewer cannot replay it', async () => {
    await postAdmin(page, world, '/users', { ...VIEWER, role: 'viewer' })
    const context = await browser.newContext({ baseURL: world.url })
    const other = await context.newPage()
    await signIn(other, VIEWER)
    await other.goto(letterUrl)
    await expect(
      other.getByRole('region', { name: 'Dead letter', exact: true }).getByText('Operators only'),
    ).toBeVisible()
    await expect(other.getByRole('button', { name: /replay/i })).toHaveCount(0)
    await context.close()
  })

  await test.step('the next schema allows it', async () => {
    await page.goto(`/collections/${collection.id}?fleet=${fleetId}`)
    await page
      .getByLabel('Schema to publish as v2')
      .fill(JSON.stringify(schemaOf('integer', 'string'), null, 2))
    await page.getByRole('button', { name: 'Publish v2' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText('schema v2')
  })

  await test.step('it replays, and the outcome shows', async () => {
    await page.goto(letterUrl)
    await page.getByRole('button', { name: /^Replay this one/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason, kept in the audit log').fill('v2 allows an empty speed')
    await dialog.getByRole('button', { name: 'Replay' }).click()
    await expect(dialog).toHaveCount(0)
    await expect(page.getByRole('button', { name: /^Replay this one/ })).toHaveCount(0)
    await expect(page.getByRole('region', { name: 'Dead letter', exact: true })).toContainText(/applied/i)
  })

  await test.step('the record stands on another device after its sync', async () => {
    await reader.sync()
    const record = await reader.collection(COLLECTION).get(recordId)
    expect(record?.data).toEqual(written)
  })
  await Promise.all([writer.close(), reader.close()])
})

test('a dead letter is edited: refused here, then replayed and linked', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId } = world
  await postAdmin(page, world, '/collections', {
    fleet: fleetId,
    name: 'edited-notes',
    strategy: 'lww',
    schema: schemaOf('integer'),
  })
  const writer = await openDevice(world, 'E2E edited')
  const { recordId } = await writer
    .collection('edited-notes')
    .put(null, { speedKnots: '' }, { validate: false })
  await writer.sync()
  const [letter] = writer.deadLetters$.get()
  await page.goto(`/dead-letters/${letter?.deadLetterId}?fleet=${fleetId}`)
  await page.getByRole('button', { name: 'Edit and replay…' }).click()
  const form = page.getByRole('form', { name: 'Edit and replay' })
  const submit = form.getByRole('button', { name: 'Replay as edited' })
  const field = form.getByLabel('speedKnots')
  await expect(field).toBeFocused()
  await expect(form).toContainText('× is text, not a whole number')
  await field.fill('fast')
  await expect(submit).toBeDisabled()
  await form.getByLabel('Reason, kept in the audit log').fill('it was calm')
  await submit.click()
  await expect(form.getByRole('alert')).toContainText('/speedKnots')
  await form.getByRole('button', { name: 'JSON' }).click()
  const change = form.getByLabel('The change to replay instead, as JSON')
  await expect(change).toHaveValue(/"speedKnots": "fast"/)
  await change.fill(JSON.stringify({ type: 'put', data: { speedKnots: 1 } }))
  await form.getByRole('button', { name: 'Form' }).click()
  await form.getByLabel('speedKnots').fill('0')
  await form.getByRole('button', { name: 'See what it would do' }).click()
  const then = form.getByRole('table', { name: 'The record after a replay of this edit' })
  await expect(then.getByRole('row').last()).toHaveText(/speedKnots.*no record.*0by your edit/)
  await submit.click()
  await expect(form).toHaveCount(0)
  await expect(page.getByRole('region', { name: 'Dead letter', exact: true })).toContainText(/applied/i)
  await expect(page.getByText('/data/speedKnots')).toContainText('"" → 0')
  await writer.sync()
  expect((await writer.collection('edited-notes').get(recordId))?.data).toEqual({ speedKnots: 0 })
  await writer.close()
})

test('[DL21] masked fields are shown once with a reason, and an edit of what was settled meanwhile says so', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId } = world
  const { id: collectionId } = await postAdmin<{ id: string }>(page, world, '/collections', {
    fleet: fleetId,
    name: 'masked-notes',
    strategy: 'lww',
    schema: schemaOf('integer'),
  })
  await page.goto(`/collections/${collectionId}?fleet=${fleetId}`)
  await page.getByRole('button', { name: 'Change masked fields…' }).click()
  const masking = page.getByRole('dialog')
  await masking.getByLabel('Fields, one JSON Pointer a line').fill('/pilot')
  await masking.getByLabel('Reason, kept in the audit log').fill('names are not for everybody')
  await masking.getByRole('button', { name: 'Change masked fields' }).click()
  await expect(page.getByRole('heading', { name: '1 field masked in dead letters' })).toBeVisible()

  const writer = await openDevice(world, 'E2E masked')
  await writer
    .collection('masked-notes')
    .put(null, { speedKnots: '', pilot: 'Quincy Featherstone' }, { validate: false })
  await writer.sync()
  const [letter] = writer.deadLetters$.get()
  await writer.close()
  await page.goto(`/dead-letters/${letter?.deadLetterId}?fleet=${fleetId}`)
  const pane = page.getByRole('region', { name: 'Dead letter', exact: true })
  await expect(pane).toContainText('1 field masked')
  await expect(page.locator('body')).not.toContainText('Quincy')
  await page.getByRole('button', { name: 'Reveal…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason, kept in the audit log').fill('the tower asked')
  await dialog.getByRole('button', { name: 'Show the values' }).click()
  await expect(dialog.getByRole('table')).toContainText('Quincy Featherstone')
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(page.locator('body')).not.toContainText('Quincy')
  await expect(pane).toContainText('“the tower asked”')

  await page.keyboard.press('e')
  const form = page.getByRole('form', { name: 'Edit and replay' })
  await form.getByLabel('speedKnots').fill('3')
  await form.getByLabel('Reason, kept in the audit log').fill('it was calm')
  const discarded = await page.request.post(
    `/api/admin/v1/dead-letters/${letter?.deadLetterId}/discard?fleet=${fleetId}`,
    { data: { reason: 'somebody else' }, headers: { origin: world.url } },
  )
  expect(discarded.status()).toBe(200)
  // The page hears of it by itself.
  await expect(form.getByRole('alert')).toContainText('Somebody settled this dead letter meanwhile', {
    timeout: LIVE_TIMEOUT_MS,
  })
  await expect(form.getByRole('button', { name: 'Replay as edited' })).toBeDisabled()
  await expect(form.getByLabel('speedKnots')).toHaveValue('3')
})

test('a change that breaks a rule is discarded, and taken back', async ({ adminPage: page, world }) => {
  const { fleetId } = world
  const collection = await postAdmin<{ id: string }>(page, world, '/collections', {
    fleet: fleetId,
    name: 'hangar-notes',
    strategy: 'lww',
    schema: schemaOf('integer'),
    rules: [{ id: 'calm', cel: 'new.speedKnots < 90', message: 'nobody notes a storm' }],
  })
  await page.goto(`/collections/${collection.id}?fleet=${fleetId}`)
  await expect(page.getByRole('heading', { name: '1 business rule' })).toBeVisible()
  await expect(page.getByText('new.speedKnots < 90')).toBeVisible()

  const writer = await openDevice(world, 'E2E discarder')
  await writer.collection('hangar-notes').put(null, { speedKnots: 95 })
  await writer.sync()
  const [letter] = writer.deadLetters$.get()
  expect(letter).toMatchObject({ code: 'rule_violation', detail: 'rule calm: nobody notes a storm' })
  await writer.close()

  const act = async (verb: string): Promise<void> => {
    await page.getByRole('button', { name: `${verb}…` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason, kept in the audit log').fill('a test of the way back')
    await dialog.getByRole('button', { name: verb, exact: true }).click()
    await expect(dialog).toHaveCount(0)
  }
  await page.goto(`/dead-letters/${letter?.deadLetterId}?fleet=${fleetId}`)
  await act('Discard')
  await expect(page.getByRole('heading', { name: 'Discarded; its payload is kept here' })).toBeVisible()
  await act('Restore')
  await expect(page.getByRole('button', { name: /^Replay this one/ })).toBeVisible()
})

test('the list of dead letters follows by itself', async ({ adminPage: page, world }) => {
  // Its own cause by the address: the fleet's letters may be more, and the largest cause is the one shown otherwise.
  const cause = `q=${encodeURIComponent('code:schema_mismatch version:9.9.9 collection:strike-reports status:open')}`
  await page.goto(`/dead-letters?fleet=${world.fleetId}&${cause}`)
  await expect(page.getByRole('button', { name: /^Live\b/ })).toBeVisible()
  await leaveDeadLetter(world, 'E2E live writer')
  await expect(page.getByText('E2E live writer').first()).toBeVisible({ timeout: LIVE_TIMEOUT_MS })
})
