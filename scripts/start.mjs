import { prepare } from './setup/prepare.mjs'
import { runMain } from './setup/step.mjs'

/** `npm start`: from a clean clone to a console that answers on PORT (3000). */
await runMain(async () => {
  await prepare()
  const { launch } = await import('./launch/launch.mjs')
  await launch()
})
