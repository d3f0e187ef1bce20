import { generateClient } from './generate.mjs'
import { installPackages } from './install.mjs'
import { checkNode } from './node-version.mjs'
import { step } from './step.mjs'

/**
 * From a clean clone to something that can run; each part is skipped when it was done before. Only Node's own
 * modules may be imported on the way here: node_modules may not exist yet.
 */
export async function prepare() {
  await step('node', checkNode)
  await step('install', installPackages)
  await step('generate', generateClient)
}
