import { asOne, CHECKS, part, runLoud } from './checks/checks.mjs'
import { prepare } from './setup/prepare.mjs'
import { runMain } from './setup/step.mjs'

/** `npm run verify`: the inner loop, seconds and no database. */
await runMain(async () => {
  await prepare()
  let failed = 0
  for (const [name, args] of CHECKS)
    failed += (await part(name, async () => asOne(await runLoud(args)))).failed
  const pure = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'pure']
  failed += (await part('unit, property and architecture tests', async () => asOne(await runLoud(pure))))
    .failed
  process.exit(failed === 0 ? 0 : 1)
})
