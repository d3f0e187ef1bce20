import { prepare } from './setup/prepare.mjs'
import { runMain } from './setup/step.mjs'

/** `npm run setup`: what `npm run verify` and an editor need, without a build. */
await runMain(prepare)
