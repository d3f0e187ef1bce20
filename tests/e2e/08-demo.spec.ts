import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort, startProgram, type Program } from './support/programs.ts'
import { expect, test } from './support/test.ts'

const LINK_WITHIN_MS = 60_000
/** As many as the README promises. */
const DEVICES = 40

let dataDir: string
let demo: Program
test.beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-demo-'))
  demo = startProgram(['scripts/demo.mjs'], {
    ...process.env,
    DATABASE_URL: undefined,
    DATABASE_DIRECT_URL: undefined,
    TIDEMARK_SECRET: undefined,
    TIDEMARK_URL: undefined,
    PORT: String(await freePort()),
    TIDEMARK_DATA_DIR: dataDir,
  })
})
test.afterEach(async () => {
  await demo.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('npm run demo prints a link that signs in, and its fleet syncs', async ({ browser }) => {
  test.setTimeout(150_000)
  await expect.poll(linkOrEnd, { timeout: LINK_WITHIN_MS }).not.toBe('')
  expect(linkOrEnd(), demo.output()).toMatch(/^http/)
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(linkOrEnd())
  await expect(page).toHaveURL(/\/overview/)
  await expect(page.getByText(`${DEVICES} devices`, { exact: true })).toBeVisible()
  await context.close()

  demo.signal('SIGINT')
  expect(await demo.ended, demo.output()).toBe(0)
  expect(demo.output()).toContain('stopped')
})

const linkOrEnd = (): string =>
  demo.hasEnded() ? 'it has ended' : (/https?:\S+\/link\?token=\S+/.exec(demo.output())?.[0] ?? '')
