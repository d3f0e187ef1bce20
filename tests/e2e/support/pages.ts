import type { Page } from '@playwright/test'
import { SETTINGS_PARTS } from '../../../app/(console)/settings/parts.ts'

export interface ConsolePage {
  /** Fit for the name of a file. */
  readonly name: string
  /** Path and query. */
  readonly path: string
}

/** Lists and the key by which their items are opened; the query chooses the first item. */
const LISTS = [
  { list: 'sessions', one: 'session', id: 'sessionId' },
  { list: 'devices', one: 'device', id: 'id' },
  { list: 'conflicts', one: 'conflict', id: 'id' },
  { list: 'dead-letters', one: 'dead-letter', id: 'id' },
  { list: 'operations', one: 'operation', id: 'id' },
  { list: 'collections', one: 'collection', id: 'id' },
  { list: 'audit', one: 'audit-entry', id: 'id' },
] as const

/** Each page of the console once for someone signed in; of the lists also their first item. */
export async function consolePages(page: Page, fleetId: string): Promise<readonly ConsolePage[]> {
  const fleet = `?fleet=${fleetId}`
  const pages = [{ name: 'overview', path: `/overview${fleet}` }]
  for (const pillar of ['lag', 'conflicts', 'failures', 'queue'])
    pages.push({ name: pillar, path: `/pillars/${pillar}${fleet}` })
  for (const part of SETTINGS_PARTS)
    pages.push({ name: `settings-${part.path}`, path: `/settings/${part.path}${fleet}` })
  for (const { list, one, id } of LISTS) {
    pages.push({ name: list, path: `/${list}${fleet}` })
    const answer = await page.request.get(`/api/admin/v1/${list}${fleet}&limit=1`)
    const { items } = (await answer.json()) as { items: readonly Record<string, unknown>[] }
    // A fleet may well have made no bulk action, and met no conflict.
    if (items.length === 0 && (list === 'operations' || list === 'conflicts')) continue
    if (items.length === 0) throw new Error(`${list} has no item`)
    pages.push({ name: one, path: `/${list}/${String(items[0]?.[id])}${fleet}` })
    if (list === 'collections')
      for (const part of ['review', 'scar'])
        pages.push({ name: `${one}-${part}`, path: `/${list}/${String(items[0]?.[id])}/${part}${fleet}` })
  }
  pages.push({ name: 'lab', path: `/lab${fleet}` })
  pages.push({ name: 'audit-all', path: `/audit/all${fleet}` })
  pages.push({ name: 'breakers', path: `/breakers${fleet}` })
  for (const scope of ['engine', `fleet:${fleetId}`])
    pages.push({
      name: `breaker-${scope.split(':')[0]}`,
      path: `/breakers/${encodeURIComponent(scope)}${fleet}`,
    })
  pages.push({ name: 'alerts', path: `/alerts${fleet}` })
  pages.push({ name: 'runbook', path: `/alerts/runbooks/dead-letters-growing${fleet}` })
  const incidents = await page.request.get(`/api/admin/v1/alerts/incidents${fleet}&limit=1`)
  // A fleet that is well has none.
  for (const { id } of ((await incidents.json()) as { items: readonly { id: string }[] }).items)
    pages.push({ name: 'incident', path: `/alerts/incidents/${id}${fleet}` })
  for (const path of ['rules', 'rules/conflicts-many', 'new-rule', 'silences', 'channels'])
    pages.push({ name: `alerts-${path.replace('/', '-')}`, path: `/alerts/${path}${fleet}` })
  const channels = await page.request.get(`/api/admin/v1/alerts/channels${fleet}&limit=1`)
  for (const { id } of ((await channels.json()) as { items: readonly { id: string }[] }).items)
    pages.push({ name: 'alerts-channel', path: `/alerts/channels/${id}${fleet}` })
  pages.push({ name: 'new-operation', path: `/operations/new${fleet}&kind=edit` })
  return pages
}
