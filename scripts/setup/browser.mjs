import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { spawnSync } from 'node:child_process'
import { runNode } from './run.mjs'
import { ALREADY, StepError } from './step.mjs'

/** Chromium without its windows: the same pages for a third less processor time, a quarter less by the clock. */
const SHELL = 'chromium-headless-shell'
const NAMES = [SHELL, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The Chromium of TIDEMARK_CHROMIUM or of the PATH; null: Playwright's own. @returns {string | null} */
export function findChromium() {
  if (process.env.TIDEMARK_CHROMIUM) return process.env.TIDEMARK_CHROMIUM
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  return folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name))).find(isExecutable) ?? null
}

/** Finds a browser for the browser tests, or gets one: Playwright's, else a package of Debian's when root. */
export async function ensureBrowser() {
  if (findChromium()) return ALREADY
  const install = ['node_modules/@playwright/test/cli.js', 'install', '--only-shell', 'chromium']
  const playwright = await runNode(install)
  if (playwright.code === 0) return
  if (process.getuid?.() === 0 && installDebianPackage() && findChromium()) return
  throw new StepError(
    'no Chromium found, and none could be installed',
    'Install Chromium (Debian: apt-get install chromium-headless-shell) or set TIDEMARK_CHROMIUM to its path.',
    playwright.output,
  )
}

function installDebianPackage() {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const run = (...args) => spawnSync('apt-get', args, { env: environment, stdio: 'ignore' }).status === 0
  const install = (name) => run('install', '-y', '--no-install-recommends', name)
  // Older releases of Debian have the whole browser alone.
  return run('update') && (install(SHELL) || install('chromium'))
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    // Not there, or not to be run: the next place is looked at.
    return false
  }
}
