import { prepare } from './setup/prepare.mjs'
import { runNode } from './setup/run.mjs'
import { runMain, step, StepError } from './setup/step.mjs'

/** `npm run demo`: `npm start`, then a small fleet of real devices that syncs over HTTP until Ctrl-C. */
const CHOICE = ['--devices', '40', '--profile', 'steady']

await runMain(async () => {
  await prepare()
  const { launch } = await import('./launch/launch.mjs')
  await launch({ beside: startDemo })
})

/** @param {import('./launch/launch.mjs').Running} running */
async function startDemo({ url, environment, start }) {
  const { enrollmentKey, signInLink } = await step('demo fleet', () =>
    prepareFleet({ TIDEMARK_URL: url, ...environment }),
  )
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
  console.log(`\nSign in with this link (it works once):\n\n  ${signInLink}\n\nCtrl-C stops everything.\n`)
}

/** @param {Record<string, string>} environment @returns {Promise<{ enrollmentKey: string, signInLink: string }>} */
async function prepareFleet(environment) {
  const command = ['--import', 'tsx', 'scripts/tidemark.ts', 'demo', 'prepare', '--json']
  const { code, output } = await runNode(command, environment)
  if (code !== 0) throw new StepError('the demo fleet could not be made', 'See the message below.', output)
  return JSON.parse(output.slice(output.lastIndexOf('\n') + 1))
}
