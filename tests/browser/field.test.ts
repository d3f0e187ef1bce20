import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { readConflict } from '#lib/application/conflicts/read-conflict.ts'
import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import type { FieldBrowser, FieldWorld } from './field-world.ts'
import {
  devicesOf,
  expectPage,
  REPORTS,
  fileReport,
  openReport,
  startFieldWorld,
  state,
  untilKept,
  upToDate,
} from './field-world.ts'
import { until } from './page.ts'

let world: FieldWorld
beforeAll(async () => {
  world = await startFieldWorld()
})
afterAll(() => world.close())
const device = devicesOf(() => world)

describe('the field client in a real browser', () => {
  test('enrolls by a link, keeps the key out of the address and of its storage, and syncs what is filed', async () => {
    const { page } = await device('Gate 12')
    expect(page.url()).not.toContain('tme_')
    const id = await fileReport(page, { Airport: 'DALLAS/FORT WORTH INTL', Species: 'Killdeer' })
    await upToDate(page)
    const observer = await world.observer()
    expect((await observer.collection(REPORTS).get(id))?.data).toMatchObject({
      airportName: 'DALLAS/FORT WORTH INTL',
      species: 'Killdeer',
      status: 'open',
    })
    await observer.close()
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('tme_')
  })

  test('enrolls by a short code that is typed; what is none is said before anything is asked', async () => {
    const { ctx } = world.served.app
    const { fleetId } = world.served.fleet
    const body = { name: 'typed', code: true, maxDevices: 1 }
    const { code } = await createEnrollmentKey(ctx, { actor: SYSTEM, fleetId, body })
    const context = await world.browser.newContext()
    const page = await context.newPage()
    await page.goto(`${world.served.url}/field`)
    await page.getByLabel('Code or link').fill('K7QM-3F0Z')
    await page.getByRole('button', { name: 'Connect' }).click()
    await expectPage(page.getByText('This is no code of a fleet')).toBeVisible()
    await page.getByLabel('Code or link').fill((code ?? '').toLowerCase())
    await page.getByRole('button', { name: 'Connect' }).click()
    await upToDate(page)
    // The code is used up: another device hears why, and keeps what it wrote.
    const other = await (await world.browser.newContext()).newPage()
    await other.goto(`${world.served.url}/field`)
    await other.getByLabel('Code or link').fill(code ?? '')
    await other.getByRole('button', { name: 'Connect' }).click()
    await expectPage(other.getByRole('heading', { name: 'This device needs a code' })).toBeVisible()
    await other.getByLabel('Code or link').fill(world.served.fleet.key)
    await other.getByRole('button', { name: 'Connect' }).click()
    await upToDate(other)
    await other.context().close()
    await context.close()
  })

  test('starts without a network, files there, says so, and sends it once there is one', async () => {
    const { context, page } = await device('Apron')
    await untilKept(page)
    await context.setOffline(true)
    await page.reload()
    await expectPage(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expectPage(state(page)).toContainText('Offline')
    const id = await fileReport(page, { Airport: 'OFFLINE FIELD' })
    await expectPage(state(page)).toContainText('1 waiting')
    await page.reload()
    await expectPage(page.getByRole('heading', { level: 1 })).toContainText('OFFLINE FIELD')
    await expectPage(page.getByText('Only here yet')).toBeVisible()
    await state(page).click()
    await expectPage(page.locator('.sync-details')).toContainText('1 change is kept on this device')
    await context.setOffline(false)
    await upToDate(page)
    const observer = await world.observer()
    expect((await observer.collection(REPORTS).get(id))?.data).toMatchObject({ airportName: 'OFFLINE FIELD' })
    await observer.close()
  })

  test('two devices that were offline: other fields merge, counts, tags and texts converge', async () => {
    const [one, two] = [await device('One'), await device('Two')]
    const id = await fileReport(one.page, { Airport: 'MERGE FIELD' })
    await upToDate(one.page)
    await until(
      () => two.page.getByText('Strike at MERGE FIELD').count(),
      (count) => count > 0,
    )
    await openReport(two.page, id)
    for (const { page } of [one, two]) await untilKept(page)
    for (const { context } of [one, two]) await context.setOffline(true)
    await one.page.getByLabel('Species').fill('Barn swallow')
    await two.page.getByLabel('Aircraft').fill('B-737-300')
    for (const [{ page }, tag, text] of [
      [one, 'north', 'seen by one. '],
      [two, 'south', 'seen by two. '],
    ] as const) {
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('button', { name: 'One animal more' }).click()
      await page.getByRole('button', { name: 'One animal more' }).click()
      await page.getByLabel('Add a tag').fill(tag)
      await page.keyboard.press('Enter')
      await page.getByLabel('Everybody writes in the same text').pressSequentially(text)
      await expectPage(page.getByRole('button', { name: `Remove the tag ${tag}` })).toBeVisible()
    }
    for (const { context } of [one, two]) await context.setOffline(false)
    for (const { page } of [one, two]) {
      await expectPage(page.getByLabel('Species')).toHaveValue('Barn swallow')
      await expectPage(page.getByLabel('Aircraft')).toHaveValue('B-737-300')
      await expectPage(page.locator('output')).toHaveText('4')
      for (const tag of ['north', 'south'])
        await expectPage(page.getByRole('button', { name: `Remove the tag ${tag}` })).toBeVisible()
    }
    const texts = await Promise.all(
      [one, two].map(({ page }) => page.getByLabel('Everybody writes in the same text').inputValue()),
    )
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).toContain('seen by one. ')
    expect(texts[0]).toContain('seen by two. ')
  })

  /** Both offline, both change the species of the same report, and come back one after the other. */
  async function contest(one: FieldBrowser, two: FieldBrowser, airport: string): Promise<string> {
    const id = await fileReport(one.page, { Airport: airport, Species: 'Killdeer' })
    await upToDate(one.page)
    await until(
      () => two.page.getByText(`Killdeer at ${airport}`).count(),
      (count) => count > 0,
    )
    await openReport(two.page, id)
    for (const { context } of [one, two]) await context.setOffline(true)
    await one.page.getByLabel('Species').fill('Rock pigeon')
    await two.page.getByLabel('Species').fill('Mourning dove')
    for (const { page } of [one, two]) await page.getByRole('button', { name: 'Save', exact: true }).click()
    await one.context.setOffline(false)
    await upToDate(one.page)
    await two.context.setOffline(false)
    return id
  }

  test('the same field becomes a conflict, which is shown side by side and decided here', async () => {
    const [one, two] = [await device('One'), await device('Two')]
    await contest(one, two, 'TIE FIELD')
    const conflict = two.page.getByRole('region', { name: 'Conflict' })
    await expectPage(conflict).toContainText('Rock pigeon')
    await expectPage(conflict).toContainText('Mourning dove')
    await expectPage(state(two.page)).toContainText('1 to decide')
    await state(two.page).click()
    await two.page.getByRole('link', { name: '1 report waits for your decision' }).click()
    await two.page.getByRole('link', { name: 'Mourning dove at TIE FIELD' }).click()
    await conflict.getByRole('radio', { name: /Mine Mourning dove/ }).check()
    await conflict.getByRole('button', { name: 'Save what I chose' }).click()
    await expectPage(conflict).toHaveCount(0)
    await expectPage(one.page.getByLabel('Species')).toHaveValue('Mourning dove')
    await expectPage(two.page.getByLabel('Species')).toHaveValue('Mourning dove')
  })

  test('[CS12] what another one writes while a person decides is shown as new, what was chosen stays chosen, and nothing is lost', async () => {
    const [one, two] = [await device('One'), await device('Two')]
    await contest(one, two, 'NEWS FIELD')
    const conflict = two.page.getByRole('region', { name: 'Conflict' })
    await conflict.getByRole('radio', { name: /Theirs Rock pigeon/ }).check()
    await one.page.getByLabel('Species').fill('Barn owl')
    await one.page.getByRole('button', { name: 'Save', exact: true }).click()
    await expectPage(conflict.getByRole('status')).toContainText('Theirs is new: Species.')
    await expectPage(conflict.getByRole('radio', { name: /Theirs, new Barn owl/ })).toBeChecked()
    await conflict.getByRole('button', { name: 'Save what I chose' }).click()
    await expectPage(conflict).toHaveCount(0)
    for (const { page } of [one, two]) {
      await upToDate(page)
      await expectPage(page.getByLabel('Species')).toHaveValue('Barn owl')
    }
  })

  test('[CS12] a choice of what is no longer theirs is asked about again', async () => {
    const [one, two] = [await device('One'), await device('Two')]
    const id = await contest(one, two, 'LATE FIELD')
    const conflict = two.page.getByRole('region', { name: 'Conflict' })
    await expectPage(conflict).toContainText('Rock pigeon')
    await two.context.setOffline(true)
    await conflict.getByRole('button', { name: 'Keep all of mine' }).click()
    await expectPage(state(two.page)).toContainText('waiting')
    await one.page.getByLabel('Species').fill('Barn owl')
    await one.page.getByRole('button', { name: 'Save', exact: true }).click()
    const observer = await world.observer()
    const speciesAfar = async (): Promise<unknown> => {
      await observer.sync()
      return (await observer.collection(REPORTS).get(id))?.data['species']
    }
    await until(speciesAfar, (species) => species === 'Barn owl')
    await observer.close()
    await two.context.setOffline(false)
    await expectPage(conflict).toContainText('Theirs, new Barn owl')
    await expectPage(one.page.getByLabel('Species')).toHaveValue('Barn owl')
    // What was asked first, and the decision that met it: each is a question of its own.
    const theirs = conflict.getByRole('button', { name: 'Take all of theirs' })
    const decided = async (): Promise<number> => {
      if (await theirs.isEnabled({ timeout: 500 }).catch(() => false))
        await theirs.click({ timeout: 500 }).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      return conflict.count()
    }
    await until(decided, (count) => count === 0)
    for (const { page } of [one, two]) await expectPage(page.getByLabel('Species')).toHaveValue('Barn owl')
  })

  test('a report that was removed elsewhere while it was changed here says who has the change, and can be let go', async () => {
    const { context, page } = await device('Keeper')
    const id = await fileReport(page, { Airport: 'KEEP FIELD' })
    await upToDate(page)
    await context.setOffline(true)
    await page.getByLabel('Species').fill('Killdeer')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    const observer = await world.observer()
    await observer.collection(REPORTS).remove(id)
    await observer.sync()
    await context.setOffline(false)
    const conflict = page.getByRole('region', { name: 'Conflict' })
    await expectPage(conflict).toContainText('Somebody removed this while you changed it here')
    await expectPage(conflict).toContainText('Your change is with the operators')
    await expectPage(conflict.getByRole('button')).toHaveCount(1)
    const ofIt = async (status: string) => {
      const query = { recordId: id, status }
      const { fleetId } = world.served.fleet
      return (await listConflicts(world.served.app.ctx, { actor: SYSTEM, fleetId, query })).items
    }
    expect(await ofIt('open')).toHaveLength(1)
    // It is in no list of reports any more: what is to be decided leads to it.
    await page.getByRole('link', { name: 'Strike reports' }).click()
    await page.getByRole('link', { name: 'A report that was removed' }).click()
    await conflict.getByRole('button', { name: 'Let it stay removed' }).click()
    await expectPage(conflict).toHaveCount(0)
    await upToDate(page)
    expect(await ofIt('open')).toEqual([])
    expect(await ofIt('resolved')).toMatchObject([{ closure: { kept: 'theirs' } }])
    await observer.close()
  })

  test('what was typed into a report that somebody removes is still shown, until it is let go', async () => {
    const { page } = await device('Typist')
    const id = await fileReport(page, { Airport: 'TYPED FIELD' })
    await upToDate(page)
    await page.getByLabel('Species').fill('Snowy owl')
    const observer = await world.observer()
    await observer.collection(REPORTS).remove(id)
    await observer.sync()
    await observer.close()
    await expectPage(page.getByText('This report is not on this device')).toBeVisible()
    const typed = page.getByRole('region', { name: 'Not saved' })
    await expectPage(typed).toContainText('Snowy owl')
    await typed.getByRole('button', { name: 'Forget what I typed' }).click()
    await expectPage(typed).toHaveCount(0)
  })

  test('a conflict that an operator decides is over on both devices, and other work never waited for it', async () => {
    const [one, two] = [await device('One'), await device('Two')]
    const id = await contest(one, two, 'DESK FIELD')
    const conflict = two.page.getByRole('region', { name: 'Conflict' })
    await expectPage(conflict).toContainText('Rock pigeon')
    const other = await fileReport(two.page, { Airport: 'OTHER FIELD' })
    await upToDate(two.page)
    const observer = await world.observer()
    expect(await observer.collection(REPORTS).get(other)).not.toBeNull()
    await openReport(two.page, id)
    const { ctx } = world.served.app
    const { fleetId } = world.served.fleet
    const at = { actor: SYSTEM, fleetId }
    const { items } = await listConflicts(ctx, { ...at, query: { recordId: id, status: 'open' } })
    const conflictId = items[0]?.id ?? ''
    const { record } = await readConflict(ctx, fleetId, conflictId)
    await resolveConflict(ctx, {
      ...at,
      id: conflictId,
      body: { choice: 'theirs', version: record?.version ?? 0, reason: 'seen on the photograph' },
    })
    await expectPage(conflict).toHaveCount(0)
    for (const { page } of [one, two]) await expectPage(page.getByLabel('Species')).toHaveValue('Rock pigeon')
    await observer.close()
  })
})
