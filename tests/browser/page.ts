import type { Page } from '@playwright/test'
import type * as Sdk from '#lib/client/browser.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStatus } from '#lib/client/status.ts'
import type { SyncOptions } from '#lib/client/wait.ts'
import type { STORE_CASES } from '#tests/contract/client-store.cases.ts'

declare global {
  interface Window {
    sdk: typeof Sdk
    cases: typeof STORE_CASES
    replica: Replica
  }
}

export interface Opening {
  readonly url: string
  readonly enrollmentKey: string
  readonly store: string
  readonly sync?: SyncOptions
}

/** Opens the app's page, and in it the replica of a named store. */
export async function openReplicaIn(page: Page, origin: string, opening: Opening): Promise<void> {
  await page.goto(origin)
  await page.evaluate(async ({ url, enrollmentKey, store, sync = { auto: false } }) => {
    window.replica = await window.sdk.openReplica({
      url,
      enrollmentKey,
      device: { name: 'A browser', platform: 'web', appVersion: '1.0.0' },
      store: await window.sdk.openIndexedDbStore(store),
      sync,
    })
  }, opening)
}

export const put = (page: Page, title: string): Promise<string> =>
  page.evaluate(
    async (text) => (await window.replica.collection('notes').put(null, { title: text })).recordId,
    title,
  )

export const sync = (page: Page): Promise<ReplicaStatus> => page.evaluate(() => window.replica.sync())

export const status = (page: Page): Promise<ReplicaStatus> =>
  page.evaluate(() => window.replica.status$.get())

export const titles = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const notes = await window.replica.collection('notes').query()
    return notes.map(({ data }) => String(data['title'])).sort()
  })

/** Waits until what `look` finds in the page is what a test expects. */
export async function until<T>(look: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
  const deadlineMs = performance.now() + 15_000
  for (;;) {
    const found = await look()
    if (isThere(found)) return found
    if (performance.now() > deadlineMs) throw new Error(`it did not come about: ${JSON.stringify(found)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
