import type { Page } from '@playwright/test'
import { axeFindings } from './support/axe.ts'
import { addDevices, addNewerSessions, makeLongFleet, sessionIdsOf } from './support/long-fleet.ts'
import { expect, test } from './support/test.ts'

const SESSIONS = 2_000
/** A screen of rows and some on either side. */
const DRAWN_MAX = 130
/** Some hundred windows at two frames each, where all other tests want the processor too: for what hangs. */
const SCROLL_TIMEOUT_MS = 180_000

test('a list of thousands is scrolled to its end: each row is seen once, in order, and few are drawn', async ({
  adminPage: page,
  world,
}) => {
  test.setTimeout(SCROLL_TIMEOUT_MS)
  const fleetId = await makeLongFleet(page, world, SESSIONS)
  await openList(page, `/sessions?fleet=${fleetId}&range=24h`)
  const foot = page.getByRole('navigation', { name: 'Pages' })
  await expect(foot).toContainText('50 on this page · 2,000 matching')

  const { rows, drawnMax, framesMs } = await scrollThrough(page, SESSIONS)
  expect(rows).toEqual(await sessionIdsOf(world, fleetId))
  expect(drawnMax).toBeLessThanOrEqual(DRAWN_MAX)
  // To be read, not judged: the machine is busy with other tests.
  const sorted = framesMs.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1)
  test.info().annotations.push({ type: 'frames', description: `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms` })
  await expect(foot).toContainText('2,000 loaded of 2,000 matching')
  await expect(foot.getByRole('button', { name: 'Load more' })).toHaveCount(0)
  const table = page.getByRole('table', { name: 'Sessions, newest first' })
  await expect(table).toHaveAttribute('aria-rowcount', String(SESSIONS + 1))
  expect(await overflowPx(page), 'sideways scrolling').toBeLessThanOrEqual(0)
  expect(await axeFindings(page)).toEqual([])
})

test('keys alone go through a long list, and the way back leads to the same place in it', async ({
  adminPage: page,
  world,
}) => {
  const fleetId = await makeLongFleet(page, world, 400)
  await openList(page, `/sessions?fleet=${fleetId}&range=24h`)
  await page.getByRole('button', { name: /Pause live updates/ }).click()
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('j')
  await page.keyboard.press('End')
  await expect(page.locator('[data-row="49"] a')).toBeFocused()
  await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('300 loaded of 400')
  // Across the edge of what had been there, and of what is drawn.
  await page.keyboard.press('j')
  await expect(page.locator('[data-row="50"] a')).toBeFocused()
  await page.keyboard.press('End')
  await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('400 loaded of 400')
  await page.keyboard.press('End')
  await expect(page.locator('[data-row="399"] a')).toBeFocused()
  expect(await page.locator('tbody tr[data-row]').count()).toBeLessThanOrEqual(DRAWN_MAX)

  // What has the focus stays, however far one scrolls, and the keys go on from there.
  await page.evaluate(() => window.scrollTo(0, 0))
  await expect(page.locator('[data-row="0"]')).toBeVisible()
  await expect(page.locator('[data-row="399"] a')).toBeFocused()
  await page.keyboard.press('k')
  await expect(page.locator('[data-row="398"] a')).toBeFocused()
  await expect(page.locator('[data-row="398"] a')).toBeInViewport()
  await page.keyboard.press('Home')
  await expect(page.locator('[data-row="0"] a')).toBeFocused()
  await page.keyboard.press('End')
  await expect(page.locator('[data-row="399"] a')).toBeFocused()
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/sessions\/[0-9a-f-]{36}/)

  await page.goBack()
  await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('400 loaded of 400')
  await expect(page.locator('[data-row="398"]')).toBeInViewport()
})

test('nothing moves under the pointer once more was loaded: what is newer is said, and one press shows it', async ({
  adminPage: page,
  world,
}) => {
  const fleetId = await makeLongFleet(page, world, 400)
  const change = { contentType: 'text/event-stream', body: 'data: {"event":"changed","topics":[]}\n\n' }
  await page.route('**/api/admin/v1/stream*', (route) => route.fulfill(change))
  await openList(page, `/sessions?fleet=${fleetId}&range=24h`)
  const foot = page.getByRole('navigation', { name: 'Pages' })
  await foot.getByRole('button', { name: 'Load more' }).click()
  await expect(foot).toContainText('300 loaded of 400')
  await page.evaluate(() => window.scrollTo(0, 4_000))
  await page.mouse.move(700, 400)
  const before = await rowAt(page, 700, 400)
  await addNewerSessions(world, fleetId, 3)
  await expect(foot).toContainText('3 newer sessions since')
  expect(await rowAt(page, 700, 400)).toEqual(before)

  await foot.getByRole('button', { name: 'Show as it is now' }).click()
  await expect(foot).toContainText('50 on this page · 403 matching')
  const [newest] = await sessionIdsOf(world, fleetId)
  await expect(page.locator('[data-row="0"] a')).toHaveAttribute('href', new RegExp(`/sessions/${newest}`))
  await expect(page.locator('[data-row="0"] a')).toBeInViewport()
})

test('rows that do not come are said, and come when they are asked for again', async ({
  adminPage: page,
  world,
}) => {
  const fleetId = await makeLongFleet(page, world, 3)
  await addDevices(world, fleetId, 130)
  await page.route('**/api/admin/v1/devices?*', (route) => route.fulfill({ json: { nothing: true } }), {
    times: 1,
  })
  await openList(page, `/devices?fleet=${fleetId}&sort=name`)
  await page.getByRole('button', { name: /Pause live updates/ }).click()
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
  const said = page
    .getByRole('alert')
    .filter({ hasText: 'The next rows did not come: the answer is not a list' })
  await expect(said).toBeVisible()
  await said.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('130 loaded of 130 matching')
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
  await expect(page.locator('[data-row="129"]')).toContainText('DFW-00130')
})

/** Opens a list and waits until its script has taken it over: it then grows, where there were pages before. */
async function openList(page: Page, address: string): Promise<void> {
  await page.goto(address)
  await expect(page.getByRole('button', { name: 'Load more' })).toBeVisible()
}

/**
 * Scrolls on by two thirds of a window until the last of `rows` was seen; the ids that the rows lead to, in their order.
 * It reads a window once its rows are drawn, however late that is: what is never drawn is an error, not a wait without end.
 */
async function scrollThrough(
  page: Page,
  rows: number,
): Promise<{ rows: readonly string[]; drawnMax: number; framesMs: readonly number[] }> {
  return page.evaluate(async (count) => {
    const seen = new Map<number, string>()
    const found = { rows: [] as string[], drawnMax: 0, framesMs: [] as number[] }
    let lastMs = performance.now()
    const frame = async (): Promise<void> => {
      const nowMs = await new Promise(requestAnimationFrame)
      found.framesMs.push(nowMs - lastMs)
      lastMs = nowMs
    }
    const isBlank = (): boolean =>
      [...document.querySelectorAll('main tbody .room')].some((room) => {
        const { top, bottom } = room.getBoundingClientRect()
        return top < innerHeight && bottom > 0
      })
    /** The rows that came are as far as one can scroll: the next ones are on their way. */
    const isAtEnd = (): boolean => scrollY + innerHeight >= document.documentElement.scrollHeight - 1
    const FRAMES_MAX = 1_000
    let still = 0
    while (!seen.has(count - 1)) {
      const before = seen.size
      const drawn = [...document.querySelectorAll<HTMLElement>('main tbody tr[data-row]')]
      found.drawnMax = Math.max(found.drawnMax, drawn.length)
      for (const row of drawn) {
        const id = /\/sessions\/([0-9a-f-]{36})/.exec(row.querySelector('a')?.href ?? '')?.[1] ?? ''
        const index = Number(row.dataset['row'])
        if (seen.get(index) !== undefined && seen.get(index) !== id)
          throw new Error(`row ${index} is another one now`)
        seen.set(index, id)
      }
      still = isAtEnd() && seen.size === before ? still + 1 : 0
      if (still > FRAMES_MAX) {
        const said = document.querySelector('.load-row')?.textContent ?? 'nothing under way'
        throw new Error(`no row came after the ${seen.size} that were seen: ${said}`)
      }
      window.scrollBy(0, (innerHeight * 2) / 3)
      // One frame tells the page, and one draws the rows; on a busy machine some more do.
      await frame()
      await frame()
      for (let frames = 0; isBlank(); frames += 1) {
        if (frames > FRAMES_MAX) throw new Error(`no rows are drawn at ${scrollY} px`)
        await frame()
      }
    }
    found.rows = [...seen].toSorted(([a], [b]) => a - b).map(([, id]) => id)
    return found
  }, rows)
}

/** The row at a point, and where exactly it stands. */
const rowAt = (
  page: Page,
  x: number,
  y: number,
): Promise<{ row: string | undefined; top: number | undefined }> =>
  page.evaluate(
    ([atX, atY]) => {
      const row = document.elementFromPoint(atX, atY)?.closest<HTMLElement>('tr[data-row]')
      return { row: row?.querySelector('a')?.href, top: row?.getBoundingClientRect().top }
    },
    [x, y] as const,
  )

const overflowPx = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
