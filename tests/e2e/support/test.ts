import { test as base, expect, type Browser, type BrowserContext, type Page } from '@playwright/test'
import { readWorld, type Account, type World } from './world.ts'

interface Fixtures {
  world: World
  /** Ends each test red when a page said or did what it must not. */
  noProblems: undefined
  /** Someone signed in as the first administrator, with a session that all tests share: sign out of one of your own. */
  adminPage: Page
}

interface WorkerFixtures {
  /** Of one sign-in for all tests, which takes as long as many of them do; anew once it is no more a recent one. */
  adminCookies: () => Promise<Cookies>
}

/** Within what dangerous acts take (30 minutes), with the longest test to spare. */
const SIGN_IN_KEPT_MS = 20 * 60_000

type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>

/** Playwright's own `test` on the world of the global set-up, with an eye on what every page does unseen. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads a fixture's needs from this pattern
  world: async ({}, use) => use(readWorld()),
  baseURL: async ({ world }, use) => use(world.url),
  noProblems: [
    async ({ context, world }, use) => {
      const problems: string[] = []
      context.on('page', (page) => watch(page, world, problems))
      await use(undefined)
      expect(problems, 'console errors, policy violations, and requests to other hosts').toEqual([])
    },
    { auto: true },
  ],
  page: async ({ page }, use) => {
    gotoHears(page)
    await use(page)
  },
  adminCookies: [
    async ({ browser }, use) => {
      let kept: { cookies: Cookies; untilMs: number } | null = null
      await use(async () => {
        if (kept === null || kept.untilMs < Date.now())
          kept = { cookies: await cookiesOfAdmin(browser), untilMs: Date.now() + SIGN_IN_KEPT_MS }
        return kept.cookies
      })
    },
    { scope: 'worker' },
  ],
  adminPage: async ({ page, adminCookies }, use) => {
    await page.context().addCookies([...(await adminCookies())])
    await use(page)
  },
})

export { expect }

async function cookiesOfAdmin(browser: Browser): Promise<Cookies> {
  const world = readWorld()
  const context = await browser.newContext({ baseURL: world.url })
  const page = await context.newPage()
  gotoHears(page)
  await signIn(page, world.admin)
  const cookies = await context.cookies()
  await context.close()
  return cookies
}

/** Violations of the content security policy are console errors in Chromium. */
function watch(page: Page, world: World, problems: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error')
      problems.push(`${page.url()}: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`))
  page.on('request', (request) => {
    const url = new URL(request.url())
    const isOwn = url.origin === world.url || ['data:', 'blob:'].includes(url.protocol)
    if (!isOwn) problems.push(`${page.url()}: asked ${url.host}`)
  })
}

/** `goto` of this page waits until it hears. */
function gotoHears(page: Page): void {
  const goto = page.goto.bind(page)
  page.goto = async (...args) => {
    const answer = await goto(...args)
    await untilItHears(page)
    return answer
  }
}

/**
 * Until React has taken over what the server sent, and the effects that listen for keys have run: on a busy machine that is
 * seconds after the page is seen, and a key that is pressed before is lost.
 */
async function untilItHears(page: Page): Promise<void> {
  // In one, which goes on where a page leads to the next by itself.
  await page.waitForFunction(async () => {
    if (!document.querySelector('script[src*="/_next/"]')) return true
    const uses = document.querySelectorAll('html, main h1, main a, main button, main input')
    if (![...uses].every((one) => Object.keys(one).some((key) => key.startsWith('__reactFiber$'))))
      return false
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
    return true
  })
}

export async function signIn(page: Page, { email, password }: Account): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  // The front page leads on to the overview, which must not meet the test's own next step.
  await page.waitForURL(/\/overview/)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
}

/** A write of the operator API as the signed-in person's browser would send it. */
export async function postAdmin<T>(page: Page, world: World, path: string, data: object): Promise<T> {
  const answer = await page.request.post(`/api/admin/v1${path}`, { data, headers: { origin: world.url } })
  expect(answer.status(), await answer.text()).toBe(201)
  return (await answer.json()) as T
}
