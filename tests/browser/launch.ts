import type { Browser, BrowserContext } from '@playwright/test'
import { chromium } from '@playwright/test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findChromium } from '../../scripts/setup/browser.mjs'

const executablePath = findChromium()
const LAUNCH = {
  ...(executablePath ? { executablePath } : {}),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    // A host of this machine whose pages aren't secure: on 127.0.0.1 they are.
    '--host-resolver-rules=MAP app.test 127.0.0.1',
  ],
}

/** A browser whose contexts are devices apart from each other, and gone with it. */
export const launchBrowser = (): Promise<Browser> => chromium.launch(LAUNCH)

/** A browser with a profile on the disk, which outlives it: what a person's browser is. */
export interface Profile {
  readonly folder: string
  launch(): Promise<BrowserContext>
  close(): Promise<void>
}

export async function createProfile(): Promise<Profile> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tidemark-profile-'))
  const running = new Set<BrowserContext>()
  return {
    folder,
    async launch() {
      const context = await chromium.launchPersistentContext(folder, LAUNCH)
      running.add(context)
      context.on('close', () => running.delete(context))
      return context
    },
    async close() {
      for (const context of running) await context.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
