import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { consolePages } from '../tests/e2e/support/pages.ts'
import { freePort, startProgram, type Program } from '../tests/e2e/support/programs.ts'
import { findChromium } from './setup/browser.mjs'

const USAGE = `npm run screenshots -- [--minutes 11] [--link LINK] [--only overview,device] [--out screenshots]

Takes each page of the console in light, in dark and 390 px wide. It starts a demo of its own and lets it run for so many
minutes; with --link, the sign-in link of a demo that runs already, it takes that one as it stands.`

const DESKTOP = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }
const LOOKS = [
  { look: 'light', colorScheme: 'light', viewport: DESKTOP },
  { look: 'dark', colorScheme: 'dark', viewport: DESKTOP },
  { look: '390', colorScheme: 'light', viewport: PHONE },
  { look: '390-dark', colorScheme: 'dark', viewport: PHONE },
] as const
/** Charts come after the page; a live page is never quiet. */
const SETTLED_MS = 1_500
/** Most of a day would be empty. */
const RANGE = '1h'
const LINK_WITHIN_MS = 300_000
const LINK = /https?:\S+\/link\?token=\S+/

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '11' },
    link: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: 'screenshots' },
    help: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
if (values.help || !(minutes >= 0)) {
  console.log(USAGE)
  process.exit(values.help ? 0 : 2)
}
const only = values.only?.split(',') ?? null
mkdirSync(values.out, { recursive: true })
process.exitCode = await (values.link === undefined ? takeOwnDemo() : take(values.link))

async function takeOwnDemo(): Promise<number> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'tidemark-screenshots-'))
  const demo = startProgram(['scripts/demo.mjs'], {
    ...process.env,
    DATABASE_URL: undefined,
    PORT: String(await freePort()),
    TIDEMARK_DATA_DIR: dataDir,
  })
  try {
    const link = await linkOf(demo)
    console.log(`The demo runs; its pages are taken in ${minutes} min.`)
    await pause(minutes * 60_000)
    return await take(link)
  } finally {
    await demo.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function linkOf(demo: Program): Promise<string> {
  for (const deadlineMs = performance.now() + LINK_WITHIN_MS; performance.now() < deadlineMs;) {
    const link = LINK.exec(demo.output())?.[0]
    if (link !== undefined) return link
    if (demo.hasEnded()) break
    await pause(500)
  }
  throw new Error(`the demo printed no link:\n${demo.output()}`)
}

/** Takes every page; the number of those that scroll sideways or said an error, which the exit code tells. */
async function take(link: string): Promise<number> {
  const executablePath = findChromium()
  const browser = await chromium.launch({
    ...(executablePath === null ? {} : { executablePath }),
    args: ['--no-sandbox'],
  })
  try {
    return await takeAll(browser, link)
  } finally {
    await browser.close()
  }
}

async function takeAll(browser: Browser, link: string): Promise<number> {
  const context = await browser.newContext({ baseURL: new URL(link).origin, viewport: DESKTOP })
  const page = await context.newPage()
  await page.goto(link)
  await page.waitForURL(/\/overview/)
  const fleets = await page.request.get('/api/admin/v1/fleets')
  const { items } = (await fleets.json()) as { items: readonly { id: string }[] }
  const fleetId = items[0]?.id
  if (fleetId === undefined) throw new Error('there is no fleet')
  const pages = [
    ...(await consolePages(page, fleetId)),
    { name: 'not-found', path: `/devices/none?fleet=${fleetId}` },
    { name: 'bad-search', path: `/sessions?fleet=${fleetId}&q=colour:red` },
    { name: 'nothing-found', path: `/devices?fleet=${fleetId}&q=nobody` },
  ]
  let problems = 0
  for (const { name, path: address } of pages.filter(({ name }) => only?.includes(name) ?? true))
    problems += await takeLooks(page, { name, path: `${address}&range=${RANGE}` })
  await takeSignIn(context, browser)
  return Math.min(problems, 1)
}

async function takeLooks(
  page: Page,
  { name, path: address }: { name: string; path: string },
): Promise<number> {
  let problems = 0
  const onProblem = (text: string): void => {
    problems += 1
    console.error(`${name}: ${text}`)
  }
  const onError = (error: Error): void => onProblem(error.message)
  page.on('pageerror', onError)
  await page.goto(address)
  for (const { look, colorScheme, viewport } of LOOKS) {
    await page.setViewportSize(viewport)
    await page.emulateMedia({ colorScheme })
    await page.waitForTimeout(SETTLED_MS)
    await page.screenshot({ path: path.join(values.out, `${name}-${look}.png`), fullPage: true })
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (overflow > 0) onProblem(`${look}: ${overflow} px too wide`)
  }
  page.off('pageerror', onError)
  console.log(name)
  return problems
}

async function takeSignIn(signedIn: BrowserContext, browser: Browser): Promise<void> {
  if (only !== null && !only.includes('sign-in')) return
  const baseURL = new URL(signedIn.pages()[0]?.url() ?? '').origin
  const context = await browser.newContext({ baseURL })
  await takeLooks(await context.newPage(), { name: 'sign-in', path: '/sign-in' })
  await context.close()
}
