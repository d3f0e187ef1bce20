import { prepare } from './setup/prepare.mjs'
import { runMain } from './setup/step.mjs'

/** `npm run dev`: the same as `npm start` with Next's development server; edits show at once. */
await runMain(async () => {
  await prepare()
  const { launch } = await import('./launch/launch.mjs')
  await launch({ development: true })
})
