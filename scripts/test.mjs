import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { budgetText, processorSeconds } from './checks/budget.mjs'
import { asOne, BEHIND_OTHERS, CHECKS, IN_THE_BACKGROUND, part } from './checks/checks.mjs'
import { countPlaywright, countVitest, heeding } from './checks/count.mjs'
import { ensureBrowser } from './setup/browser.mjs'
import { buildConsole } from './setup/build.mjs'
import { prepare } from './setup/prepare.mjs'
import { runMain, step } from './setup/step.mjs'

/** What the design asks of a run of CI; `npm run soak` has the many. */
const SIMULATION = ['--import', 'tsx', 'scripts/simulate.ts', '--seeds', '10000']

/** `npm test`: everything that CI runs, from a clean clone. A part that fails doesn't keep the later ones from running. */
await runMain(async () => {
  await prepare()
  // One waits for the network, the other computes.
  await Promise.all([step('browser', ensureBrowser), step('build', buildConsole)])
  const reports = mkdtempSync(path.join(tmpdir(), 'tidemark-reports-'))
  const report = (name) => path.join(reports, `${name}.json`)
  // Some wait for nothing but a processor, and take what others leave of them: of those the simulation, which is the longest, comes last.
  const background = part('simulation', async (run) => asOne(await run(SIMULATION, {}, IN_THE_BACKGROUND)))
  // Before all tests, because they read the checkout, in which Next writes when a test starts it.
  const checked = await Promise.all(
    CHECKS.map(([name, args]) => part(name, async (run) => asOne(await run(args)))),
  )
  const pure = part('unit and property tests', (run) =>
    vitest(run, ['pure', 'mocked', 'simulation'], report('pure'), BEHIND_OTHERS),
  )
  // Half of these two is waiting, for a database, for processes or a browser.
  const database = part('contract and API tests', (run) =>
    vitest(run, ['database', 'processes'], report('database')),
  )
  const browser = await part('browser tests', (run) => playwright(run, report('playwright')))
  const sdk = await part('the SDK in browsers', (run) => vitest(run, ['browser'], report('browser')))
  // What writes into the checkout comes when those that read it are over.
  await pure
  const dev = await part('npm run dev', (run) => vitest(run, ['dev'], report('dev')))
  const counts = [...checked, browser, sdk, dev, ...(await Promise.all([pure, database, background]))]
  rmSync(reports, { recursive: true, force: true })
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0)
  const failed = sum('failed')
  // Again at the end, below what all parts printed between each other: what failed is what the reader came for.
  for (const count of counts.filter((each) => each.failed > 0))
    console.log([`\n── failed in ${count.name}`, ...(count.failures ?? [])].join('\n'))
  console.log(`\n── time\n${budgetText(performance.now() / 1000, processorSeconds())}`)
  console.log(`\n${sum('passed')} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
})

/**
 * @param {import('./checks/checks.mjs').Run} run
 * @param {readonly string[]} projects
 * @param {string} file
 * @param {number} [priority]
 */
async function vitest(run, projects, file, priority) {
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${file}`]
  const chosen = projects.flatMap((project) => ['--project', project])
  const runner = ['node_modules/vitest/vitest.mjs', 'run', ...chosen, ...reporters]
  const code = await run(runner, {}, priority)
  return heeding(code, countVitest(file))
}

/** @param {import('./checks/checks.mjs').Run} run @param {string} file */
async function playwright(run, file) {
  const environment = { PLAYWRIGHT_JSON_OUTPUT_NAME: file }
  const runner = ['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json']
  return heeding(await run(runner, environment), countPlaywright(file))
}
