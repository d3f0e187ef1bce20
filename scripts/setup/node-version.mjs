import { StepError } from './step.mjs'

const NODE_MIN = [20, 19]

/** Node 20.19 is the first that the libraries used here run on. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return
  throw new StepError(
    `this is Node ${process.versions.node}, Tidemark needs ${NODE_MIN.join('.')} or later`,
    'Install a current Node from https://nodejs.org and run the same command again.',
  )
}
