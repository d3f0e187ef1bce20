import type { Page } from '@playwright/test'
import axe from 'axe-core'

/** WCAG 2.2 AA and what it is built on. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds on the page once no colour is on its way to another: "color-contrast: .den, 3.9 instead of 4.5", one a place. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  // By the debugger's way, which the page's content security policy is no matter of; half a megabyte, once a page.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  await page.evaluate(transitionsEnd)
  const found = await page.evaluate(
    (tags) => window.axe.run({ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }),
    RULES,
  )
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}\n${failureSummary ?? ''}`),
  )
}

/** Runs in the page. One that is taken back ends too; what turns for ever is not waited for. */
async function transitionsEnd(): Promise<void> {
  const ending = document
    .getAnimations()
    .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
  await Promise.allSettled(ending.map(({ finished }) => finished))
}

declare global {
  interface Window {
    axe: typeof axe
  }
}
