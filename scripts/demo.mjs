import { prepare } from './setup/prepare.mjs'
import { runNode } from './setup/run.mjs'
import { runMain, step, StepError } from './setup/step.mjs'

/** `npm run demo`: `npm start`, then a small fleet of real devices that syncs over HTTP until Ctrl-C. */
const CHOICE = ['--devices', '40', '--profile', 'release']

await runMain(async () => {
  await prepare()
  const { launch } = await import('./launch/launch.mjs')
  await launch({ before: prepareFleet, beside: startDemo })
})

/** @param {import('./launch/launch.mjs').Running} running @param {DemoFleet} fleet */
async function startDemo({ url, start }, { enrollmentKey, signInLink }) {
  start('fleet', [
    '--import',
    'tsx',
    'scripts/fleet.ts',
    '--url',
    url,
    '--enrollment-key',
    enrollmentKey,
    ...CHOICE,
  ])
  const { pathname, search } = new URL(signInLink)
  console.log(
    `\nSign in with this link (it works once):\n\n  ${url}${pathname}${search}\n\nCtrl-C stops everything.\n`,
  )
}

/** @typedef {{ enrollmentKey: string, signInLink: string }} DemoFleet */

/**
 * Before the server starts: it would print a link to set up the first administrator, whom the demo brings.
 * @param {Record<string, string>} environment @returns {Promise<DemoFleet>}
 */
function prepareFleet(environment) {
  return step('demo fleet', () => makeFleet(environment))
}

/** @param {Record<string, string>} environment @returns {Promise<DemoFleet>} */
async function makeFleet(environment) {
  const command = ['--import', 'tsx', 'scripts/tidemark.ts', 'demo', 'prepare', '--json']
  const { code, output } = await runNode(command, environment)
  if (code !== 0) throw new StepError('the demo fleet could not be made', 'See the message below.', output)
  return JSON.parse(output.slice(output.lastIndexOf('\n') + 1))
}
