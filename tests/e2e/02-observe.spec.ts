import { openDevice } from './support/device.ts'
import { ownFleet } from './support/own-fleet.ts'
import { expect, test, signIn } from './support/test.ts'

const LIVE_TIMEOUT_MS = 60_000

test('the overview shows the fleet, and its numbers move by themselves', async ({
  adminPage: page,
  world,
}) => {
  await page.goto(`/overview?fleet=${world.fleetId}&range=15m`)
  const lag = page.getByRole('article', { name: 'Sync lag' })
  const committed = async (): Promise<number> => {
    const text = (await lag.textContent({ timeout: LIVE_TIMEOUT_MS })) ?? ''
    return Number(/([\d,]+) changes? committed/.exec(text)?.[1]?.replaceAll(',', '') ?? 0)
  }
  await expect.poll(committed, { timeout: LIVE_TIMEOUT_MS }).toBeGreaterThan(0)
  await page.evaluate(() => Object.assign(window, { sameDocument: true }))
  const before = await committed()
  await expect.poll(committed, { timeout: LIVE_TIMEOUT_MS }).toBeGreaterThan(before)

  // The page has followed by itself: nothing loaded it again.
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true)
  await expect(page.getByRole('button', { name: /^Live\b/ })).toBeVisible()
  for (const pillar of ['Conflict rate', 'Failure rate', 'Queue depth'])
    await expect(page.getByRole('article', { name: pillar })).toBeVisible()
})

test('a live page asks for itself when something changed, and for nothing else', async ({
  adminPage: page,
  world,
}) => {
  await page.goto(`/overview?fleet=${world.fleetId}&range=15m`)
  await expect(page.getByRole('button', { name: /^Live\b/ })).toBeVisible()
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await expect.poll(() => asked.length, { timeout: LIVE_TIMEOUT_MS }).toBeGreaterThanOrEqual(3)
  expect(new Set(asked)).toEqual(new Set(['/overview']))
})

test('the live mark stops following, and says so', async ({ adminPage: page, world }) => {
  await page.goto(`/overview?fleet=${world.fleetId}`)
  await page.getByRole('button', { name: /Pause live updates/ }).click()
  await expect(page.getByRole('button', { name: /^Paused\b.*Resume live updates/ })).toBeVisible()
})

test('a session opens from the list as a timeline', async ({ adminPage: page, world }) => {
  await page.goto(`/sessions?fleet=${world.fleetId}`)
  const rows = page.getByRole('table', { name: 'Sessions, newest first' }).getByRole('row')
  await expect.poll(() => rows.count(), { timeout: LIVE_TIMEOUT_MS }).toBeGreaterThan(1)
  await rows.nth(1).getByRole('link').click()
  await expect(page).toHaveURL(/\/sessions\/[0-9a-f-]{36}/)
  await expect(page.getByRole('figure', { name: 'States of the session over time' })).toBeVisible()
  const transitions = page.getByRole('table', { name: 'Transitions of the session' }).getByRole('row')
  expect(await transitions.count()).toBeGreaterThan(1)
  await expect(transitions.nth(1)).toContainText('idle')
})

test('keys alone lead to a device and its sessions', async ({ adminPage: page, world }) => {
  await page.goto(`/overview?fleet=${world.fleetId}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await expect(page).toHaveURL(/\/devices/)
  const table = page.getByRole('table', { name: 'Devices, by last contact' })
  await expect(table).toBeVisible()
  // A live page may be drawn anew between two keys.
  await page.getByRole('button', { name: /Pause live updates/ }).click()
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('k')
  await expect(table.getByRole('row').nth(1).getByRole('link')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/devices\/[0-9a-f-]{36}/)
  await page.getByRole('link', { name: 'Its sessions' }).click()
  await expect(page).toHaveURL(/\/sessions\?.*device/)
})

test('the question mark shows the keys, and Esc closes them', async ({ adminPage: page, world }) => {
  await page.goto(`/overview?fleet=${world.fleetId}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toHaveCount(0)
})

test('a pillar leads from the overview to one app version, to a moment, to its sessions', async ({
  adminPage: page,
  world,
}) => {
  await page.goto(`/overview?fleet=${world.fleetId}&range=1h`)
  await page.getByRole('link', { name: 'Sync lag' }).click()
  await expect(page).toHaveURL(/\/pillars\/lag\?.*range=1h/)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Upload lag')
  await expect(page.getByRole('figure', { name: /^How upload lags were spread/ })).toBeVisible()
  // A live page may be drawn anew between two clicks.
  await page.getByRole('button', { name: /Pause live updates/ }).click()

  const versions = page.getByRole('table', { name: 'upload lag p95 by app version' })
  await expect.poll(() => versions.getByRole('row').count()).toBeGreaterThan(1)
  const version = (await versions.getByRole('row').nth(1).getByRole('link').textContent()) ?? ''
  await versions.getByRole('link', { name: version, exact: true }).click()
  await expect(page.getByRole('link', { name: `Only version ${version} Take it away` })).toBeVisible()

  const chart = page.getByRole('figure', { name: /^upload lag p95/ }).locator('.brush')
  const { x, y, width, height } = (await chart.boundingBox()) as {
    x: number
    y: number
    width: number
    height: number
  }
  await page.mouse.move(x + width * 0.5, y + height / 2)
  await page.mouse.down()
  await page.mouse.move(x + width * 0.7, y + height / 2, { steps: 4 })
  await page.mouse.move(x + width * 0.999, y + height / 2, { steps: 4 })
  await page.mouse.up()
  await expect(page).toHaveURL(/from=.*&to=/)
  await expect(page.getByRole('button', { name: /^Time range: \w{3} \d+ \w{3} .* to / })).toBeVisible()

  await chart.click({ position: { x: 5, y: 20 } })
  await expect(page).toHaveURL(new RegExp(`/sessions\\?.*q=version`))
  await expect(page.locator('.misread')).toHaveCount(0)
})

test('a chart keeps its lines when its library cannot be loaded, and gets it with a later use', async ({
  browser,
  world,
}) => {
  // A page of its own: what the browser says of a script that it cannot have is no trouble here.
  const context = await browser.newContext({ baseURL: world.url })
  const page = await context.newPage()
  await signIn(page, world.admin)
  await page.goto(`/pillars/lag?fleet=${world.fleetId}&range=1h`)
  const chart = page.getByRole('figure', { name: /^upload lag p95/ })
  await expect(chart.locator('svg.lines')).toBeVisible()
  await page.waitForLoadState('load')
  // The server is away, or has another version than this tab.
  const refused: string[] = []
  await page.route(/_next\/static\/.*\.js/, (route) => {
    refused.push(route.request().url())
    return route.abort()
  })
  // A move of the pointer before the page hears any is no use of it.
  await expect(async () => {
    await page.mouse.move(500, 300 + Math.random() * 100)
    expect(refused.length).toBeGreaterThan(0)
  }).toPass()
  await page.waitForTimeout(500)
  await expect(chart.locator('svg.lines')).toBeVisible()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Upload lag')

  await page.unroute(/_next\/static\/.*\.js/)
  await expect(async () => {
    await page.mouse.move(500, 300 + Math.random() * 100)
    await expect(chart.locator('svg.recharts-surface').first()).toBeVisible({ timeout: 500 })
  }).toPass({ timeout: 15_000 })
  await context.close()
})

test('the keyboard alone chooses the time between two moments', async ({ adminPage: page, world }) => {
  await page.goto(`/pillars/failures?fleet=${world.fleetId}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.getByRole('button', { name: /^Time range/ }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('menu', { name: 'Time range' })).toBeVisible()
  await page.keyboard.press('End')
  await expect(page.getByRole('menuitemcheckbox', { name: 'Between two times…' })).toBeFocused()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Which time?' })
  await dialog.getByLabel('From').fill('2026-11-01T10:00')
  await dialog.getByLabel('To').fill('2026-11-01T09:00')
  await expect(dialog).toContainText('The start must be before the end.')
  await dialog.getByLabel('To').fill('2026-11-01T12:00')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/from=.*&to=/)
  const { searchParams: asked } = new URL(page.url())
  const [from, to] = ['from', 'to'].map((end) => Date.parse(asked.get(end) ?? ''))
  expect(Number(to) - Number(from), 'in whatever zone').toBe(2 * 3_600_000)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
})

test('the box tells its keys, a count is pressed, and what is not understood is said', async ({
  adminPage: page,
  world,
}) => {
  await page.goto(`/sessions?fleet=${world.fleetId}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.getByRole('button', { name: /Pause live updates/ }).click()
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('/')
  const box = page.getByRole('combobox', { name: 'Search sessions' })
  await expect(box).toBeFocused()
  await page.keyboard.type('res')
  await expect(page.getByRole('option', { name: /result:/ })).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(box).toHaveValue('result:')
  await page.keyboard.type('ok')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/q=result%3Aok/)

  const results = page.getByRole('group', { name: 'Result' })
  await expect(results.getByRole('link', { name: /^ok/ })).toHaveAttribute('aria-current', 'true')
  await results.getByRole('link', { name: /^ok/ }).click()
  await expect(page).not.toHaveURL(/q=/)

  await page.goto(`/sessions?fleet=${world.fleetId}&q=colour:red`)
  await expect(page.getByRole('main')).toContainText('there is no key colour; keys are device,')
  await expect(page.getByRole('combobox')).toHaveAttribute('aria-invalid', 'true')
})

test('devices are sorted by a press, and the list loads as a file', async ({ adminPage: page, world }) => {
  await page.goto(`/devices?fleet=${world.fleetId}`)
  await page.getByRole('columnheader', { name: 'Queue' }).getByRole('link').click()
  await expect(page).toHaveURL(/sort=queue/)
  await expect(page.getByRole('table', { name: 'Devices, by queue, longest first' })).toBeVisible()
  const loading = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Export CSV' }).click()
  const file = await loading
  expect(file.suggestedFilename()).toMatch(/^devices-\d{4}-\d{2}-\d{2}\.csv$/)
})

test('all devices of a list are told the same, once their number is typed', async ({
  adminPage: page,
  world,
}) => {
  const { fleetId, own } = await ownFleet(page, world, { name: 'notes', schema: { type: 'object' } })
  for (const name of ['Told one', 'Told two']) {
    const device = await openDevice(own, name)
    await device.sync()
    await device.close()
  }
  await page.goto(`/devices?fleet=${fleetId}&q=platform:web`)
  const opener = page.getByRole('button', { name: 'Tell all 2 devices' })
  const dialog = page.getByRole('dialog')
  await opener.click()
  await page.getByRole('menuitem', { name: 'Pause…' }).click()
  await expect(dialog).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(opener).toBeFocused()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Pause…' }).click()
  await expect(dialog).toContainText('Pause all 2 devices that match?')
  await dialog.getByLabel('Reason, kept in the audit log').fill('a bad release')
  const pause = dialog.getByRole('button', { name: 'Pause' })
  await expect(pause).toBeDisabled()
  await dialog.getByLabel(/Type 2/).fill('2')
  await pause.click()
  await expect(page.getByText('2 devices are told')).toBeVisible()
  await expect(page.getByRole('table').getByText('paused')).toHaveCount(2)
})
