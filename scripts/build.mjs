import { buildConsole } from './setup/build.mjs'
import { generateClient } from './setup/generate.mjs'
import { runMain, step } from './setup/step.mjs'

/** `npm run build`: what `scripts/server.mjs` needs to run, of packages that are installed already. */
await runMain(async () => {
  await step('generate', generateClient)
  await step('build', buildConsole)
})
