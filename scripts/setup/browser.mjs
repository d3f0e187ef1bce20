import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { runNode } from './run.mjs'
import { ALREADY, StepError } from './step.mjs'

/** Chromium without its windows: the same pages for a fifth to a third less processor time. */
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
  if (process.getuid?.() === 0 && (await installDebianPackage()) && findChromium()) return
  throw new StepError(
    'no Chromium found, and none could be installed',
    'Install Chromium (Debian: apt-get install chromium-headless-shell) or set TIDEMARK_CHROMIUM to its path.',
    playwright.output,
  )
}

/** Older releases of Debian have the whole browser alone. */
async function installDebianPackage() {
  const install = (name) => aptGet('install', '-y', '--no-install-recommends', name)
  return (await aptGet('update')) && ((await install(SHELL)) || (await install('chromium')))
}

/** Whether it ended well; false too where there is no such program. */
async function aptGet(...args) {
  const child = spawn('apt-get', args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'ignore',
  })
  const [code] = await once(child, 'close').catch(() => [null])
  return code === 0
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
