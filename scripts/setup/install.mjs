import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './project.mjs'
import { runNode } from './run.mjs'
import { ALREADY, StepError } from './step.mjs'

const ARGUMENTS = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']

/** Installs the packages of package-lock.json unless node_modules holds exactly those. */
export async function installPackages() {
  if (installed()) return ALREADY
  const npm = process.env.npm_execpath ?? npmBesideNode()
  const { code, output } = await runNode([npm, ...ARGUMENTS])
  if (code === 0) return
  throw new StepError(
    `npm ci ended with ${code}`,
    'Check that this machine reaches the npm registry (`npm ping`), then run the same command again.',
    output,
  )
}

/** npm notes what it installed; packages for other platforms are optional and may be missing. */
function installed() {
  const wanted = packagesOf('package-lock.json')
  const present = packagesOf('node_modules/.package-lock.json')
  if (!wanted || !present) return false
  return Object.entries(wanted).every(([at, entry]) => {
    if (at === '') return true
    const found = present[at]
    return found ? found.version === entry.version : entry.optional === true
  })
}

/** @param {string} lock @returns {Record<string, { version?: string, optional?: boolean }> | null} */
function packagesOf(lock) {
  try {
    return JSON.parse(readFileSync(path.join(ROOT, lock), 'utf8')).packages
  } catch {
    return null // not there yet, or cut short
  }
}

/** When started by `node scripts/start.mjs` rather than through npm. */
function npmBesideNode() {
  const asked = spawnSync('npm', ['root', '-g'], { encoding: 'utf8', shell: process.platform === 'win32' })
  if (asked.status !== 0) throw new StepError('npm was not found', 'Install npm, or start with `npm start`.')
  return path.join(asked.stdout.trim(), 'npm', 'bin', 'npm-cli.js')
}
