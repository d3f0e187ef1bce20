import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { expect } from '@playwright/test'
import { afterEach, expect as expectValue } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { BuiltField } from '../../scripts/field/build.ts'
import { buildField } from '../../scripts/field/build.ts'
import { fieldFiles } from '../../scripts/launch/field-files.mjs'
import { compressFiles } from '../../scripts/setup/brotli.mjs'
import { launchBrowser } from './launch.ts'
import type { Served } from './world.ts'
import { serveFleet } from './world.ts'

/** As long as Playwright's own tests here wait, on a busy machine. */
export const expectPage = expect.configure({ timeout: 20_000 })

export const REPORTS = 'strike-reports'

/** The field client beside the device API, as the server has them, and a browser for devices. */
export interface FieldWorld {
  readonly served: Served
  readonly built: BuiltField
  readonly browser: Browser
  /** Serves another version of the app from now on, as after a release. */
  release(note: string): Promise<BuiltField>
  /** While it is away the device API answers 503; files are served. */
  setAway(isAway: boolean): void
  /** A device of a browser apart; what its pages log as errors or refuse by policy is in `problems`. */
  device(name: string): Promise<FieldBrowser>
  /** Another program's device, to look from elsewhere. */
  observer(): Promise<Replica>
  close(): Promise<void>
}

export interface FieldBrowser {
  readonly context: BrowserContext
  readonly page: Page
  readonly problems: readonly string[]
}

/** A person decides where two change the same field. */
export async function startFieldWorld(): Promise<FieldWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tidemark-field-'))
  const built = await buildField(folder)
  compressFiles(folder)
  let files = fieldFiles(folder)
  let isAway = false
  const served = await serveFleet('http://127.0.0.1', (request, response) => {
    if (!isAway || !request.url?.startsWith('/api/')) return files(request, response)
    response.writeHead(503).end()
    return true
  })
  const [reports] = DEMO_COLLECTIONS
  await createCollection(served.app.ctx, {
    actor: SYSTEM,
    fleetId: served.fleet.fleetId,
    body: { ...reports, tieRule: 'manual' },
  })
  const browser = await launchBrowser()
  return {
    served,
    built,
    browser,
    async release(note) {
      const next = await buildField(folder, note)
      files = fieldFiles(folder)
      return next
    },
    setAway(next) {
      isAway = next
    },
    async device(name) {
      const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
      const problems: string[] = []
      context.on('page', (page) => {
        page.on('pageerror', (error) => problems.push(error.message))
        page.on('console', (message) => {
          // A request without a network is one too; the app lives with that.
          if (message.type() === 'error' && !/net::ERR_|Failed to load resource/.test(message.text()))
            problems.push(message.text())
        })
      })
      const page = await context.newPage()
      await page.goto(`${served.url}/field#key=${served.fleet.key}`)
      await page.getByLabel('Name of this device').fill(name)
      await page.getByRole('button', { name: 'Connect' }).click()
      await page.getByRole('status').filter({ hasText: 'Up to date' }).waitFor()
      return { context, page, problems }
    },
    async observer() {
      const replica = await openReplica({
        url: served.url,
        enrollmentKey: served.fleet.key,
        device: { name: 'Observer', platform: 'linux', appVersion: '1.0.0' },
        store: openMemoryStore(),
        sync: { auto: false },
      })
      await replica.sync()
      return replica
    },
    async close() {
      await browser.close()
      await served.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Makes devices for one test each: they are closed behind it, and what their pages log as an error fails it. */
export function devicesOf(world: () => FieldWorld): (name: string) => Promise<FieldBrowser> {
  const devices: FieldBrowser[] = []
  afterEach(async () => {
    const problems = devices.flatMap((device) => device.problems)
    for (const { context } of devices.splice(0)) await context.close()
    expectValue(problems, 'console errors and violations of the policy').toEqual([])
  })
  return async (name) => {
    const made = await world().device(name)
    devices.push(made)
    return made
  }
}

/** Until the page says that nothing waits to be sent. */
export const upToDate = (page: Page): Promise<void> =>
  page
    .getByRole('status')
    .filter({ hasText: /^(Up to date|Changes lost|\d+ (to decide|not applied))/ })
    .first()
    .waitFor()
/** How the device stands, on every page. */
export const state = (page: Page) => page.getByRole('link', { name: 'This device' })

/** Until the app runs from this device's own files. */
export const untilKept = (page: Page): Promise<unknown> =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready
    if (navigator.serviceWorker.controller === null)
      await new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      )
  })

/**
 * Files a report by the form, and gives its id: with a network once the server has answered its push, whichever tab sent it.
 * Before, the page may still say of the time before that all is up to date.
 */
export async function fileReport(page: Page, fields: Readonly<Record<string, string>>): Promise<string> {
  await page.getByRole('link', { name: 'Strike reports' }).click()
  await page.getByRole('link', { name: 'New report' }).click()
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text)
  const sent = (await page.evaluate(() => navigator.onLine))
    ? page.context().waitForEvent('response', (answer) => answer.url().endsWith('/api/v1/push'))
    : null
  await page.getByRole('button', { name: 'File the report' }).click()
  await page.waitForURL(/#\/report\//)
  await sent
  return page.url().split('/').at(-1) ?? ''
}

/** Opens a report's page. */
export async function openReport(page: Page, id: string): Promise<void> {
  await page.evaluate((hash) => void (location.hash = hash), `#/report/${id}`)
  await page.getByRole('button', { name: 'Save', exact: true }).waitFor()
}
