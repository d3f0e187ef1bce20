import { asOne, CHECKS, part } from './checks/checks.mjs'
import { prepare } from './setup/prepare.mjs'
import { runMain } from './setup/step.mjs'

/** A tenth of the cases of each law; `npm test` runs all of them. */
const QUICK = { TIDEMARK_CASES: '0.1' }
const PURE = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'pure', '--project', 'mocked']

/** `npm run verify`: the inner loop, without a database. */
await runMain(async () => {
  await prepare()
  let failed = 0
  for (const [name, args] of CHECKS)
    failed += (await part(name, async (run) => asOne(await run(args)))).failed
  failed += (
    await part('unit, property and architecture tests', async (run) => asOne(await run(PURE, QUICK)))
  ).failed
  process.exit(failed === 0 ? 0 : 1)
})
