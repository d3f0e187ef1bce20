import type { ReactElement, ReactNode } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Actor } from '#lib/application/context.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'
import { conflictOf } from '#tests/support/conflict-of.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

vi.mock('next/navigation', () => ({
  useRouter: () => ({}),
  usePathname: () => '/conflicts',
  useSearchParams: () => new URLSearchParams(),
  notFound: () => {
    throw new Error('not found')
  },
}))
const looked = vi.hoisted(() => ({ visit: null as unknown }))
vi.mock('#app/(console)/viewer.ts', () => ({
  visit: async (path: string, search: Promise<Record<string, string>>) => {
    const query = new URLSearchParams(await search).toString()
    return { ...(looked.visit as object), path, query, misread: [], nowMs: Date.now() }
  },
  itemId: async (params: Promise<{ id: string }>) => (await params).id,
  orNotFound: (answer: Promise<unknown>) => answer,
}))
vi.mock('#app/(console)/console-page.tsx', () => ({
  ConsolePage: ({ children }: { children: ReactNode }) => <main>{children}</main>,
}))

type Page = (props: {
  params: Promise<{ id: string }>
  searchParams: Promise<Record<string, string>>
}) => Promise<ReactElement>

const storage = openMemoryStorage()
const app = testApp(storage)
const collection = 'manual'
let fleetId = ''
let open = ''
let settled = ''

beforeAll(async () => {
  const fleet = await testFleet(app)
  fleetId = fleet.fleetId
  const body = { name: collection, strategy: 'manual', schema: NOTES_SCHEMA }
  await createCollection(app.ctx, { actor: SYSTEM, fleetId, body })
  const device = await TestDevice.enroll(app, fleet)
  const world = { device: () => TestDevice.enroll(app, fleet) } as Parameters<typeof conflictOf>[0]
  const idOf = async (): Promise<string> => {
    const result = await conflictOf(world, device, collection)
    if (result.status !== 'conflict') throw new Error(`not a conflict: ${result.status}`)
    return result.conflictId
  }
  open = await idOf()
  settled = await idOf()
  const found = await storage.conflicts.get(fleetId, settled)
  const choice = { choice: 'mine', version: found?.remoteVersion ?? 0, reason: 'it was there' }
  await resolveConflict(app.ctx, { actor: SYSTEM, fleetId, id: settled, body: choice })
})
afterAll(() => storage.close())

const textOf = (markup: string): string =>
  markup
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ')

/** What a person of this role sees at once, before the browser has run a script. */
async function seen(role: 'viewer' | 'operator', search: Record<string, string>, id?: string) {
  const actor: Actor = { kind: 'user', id: 'u', name: 'Ann', roles: { [fleetId]: role } }
  const toMs = Date.now() + 1_000
  const span = { fromMs: toMs - 86_400_000, toMs, label: 'Last 24 h', compare: 'vs the day before' }
  looked.visit = {
    ctx: app.ctx,
    actor,
    origin: 'http://127.0.0.1',
    fleets: [],
    fleet: { id: fleetId, name: 'f', role, limits: DEFAULT_THRESHOLDS },
    span,
  }
  const module: { default: unknown } =
    id === undefined
      ? await import('#app/(console)/conflicts/page.tsx')
      : await import('#app/(console)/conflicts/[id]/page.tsx')
  const page = await (module.default as Page)({
    params: Promise.resolve({ id: id ?? '' }),
    searchParams: Promise.resolve(search),
  })
  const markup = renderToStaticMarkup(page)
  return { markup, text: textOf(markup) }
}

describe('the conflict desk as it is drawn', () => {
  it('lists what waits, its groups, and the way to decide all of it', async () => {
    const { markup, text } = await seen('operator', {})
    expect(text).toContain('1 conflict waits for a person; the oldest has waited')
    expect(text).toContain('1 conflict decided in the last 24 h: 1 for the device’s side')
    expect(text).toContain('Decide all by a rule…')
    expect(text).toMatch(/waits .* manual/)
    expect(text).toContain('1.2.0 against 1.2.0')
    // Chips, groups and rows name a field alike.
    expect(text).not.toMatch(/Field \//)
    expect(markup).toContain(`/conflicts/${open}`)
    expect(markup).not.toContain(`/conflicts/${settled}`)
  })

  it('lists what a filter asks for, and says what it does not understand', async () => {
    const { markup, text } = await seen('viewer', { q: 'status:resolved', sort: 'newest' })
    expect(text).toContain('1 conflict matches')
    expect(markup).toContain(`/conflicts/${settled}`)
    expect(text).not.toContain('Decide all by a rule')
    for (const q of ['status:resolved', 'device:nobody'])
      expect((await seen('operator', { q })).text).not.toContain('Decide all by a rule')
    expect((await seen('viewer', { q: 'colour:red' })).text).toContain('This search is not understood')
    expect((await seen('viewer', { q: 'device:nobody' })).text).toContain('No conflict matches this filter')
  })

  it('shows one from all sides, with what can be done', async () => {
    const { text } = await seen('operator', {}, open)
    expect(text).toContain('a person has to choose')
    for (const part of ['Stands now', 'Server then', '"mine"', 'on 1.2.0', 'clock', 'nobody yet'])
      expect(text).toContain(part)
    for (const act of [
      'Keep the device’s side',
      'Keep the server’s side',
      'Choose by field…',
      'Assign to me',
    ])
      expect(text).toContain(act)
    expect(text).toContain('overdue after')
    expect(text).not.toContain('Bring back')
  })

  it('shows what was decided, who lost, and the way back', async () => {
    const { text } = await seen('operator', {}, settled)
    expect(text).toContain('A person kept the side of this device')
    expect(text).toMatch(/Lost .* «.*» of the server’s side/)
    expect(text).toMatch(/arose \S+/)
    expect(text).not.toContain('overdue after')
    expect(text).not.toContain('Assign to me')
    expect(text).toContain('Bring back the server’s side…')
    expect(text).toContain('On to the next that waits')
    expect(text).not.toContain('Keep the device’s side')
  })

  it('tells on the pillar which app versions meet each other', async () => {
    await seen('viewer', {})
    const { ConflictPairs } = await import('#app/(console)/pillars/conflict-pairs.tsx')
    const at = { ...(looked.visit as object), query: '', nowMs: Date.now() } as Parameters<
      typeof ConflictPairs
    >[0]['at']
    const asked = { collection: null, version: null, platform: null } as Parameters<
      typeof ConflictPairs
    >[0]['asked']
    const markup = renderToStaticMarkup(await ConflictPairs({ at, asked }))
    expect(textOf(markup)).toMatch(/1\.2\.0 against 1\.2\.0 2 what it pushed is not told 100 %/)
    expect(markup).toContain('against%3A1.2.0')
  })

  it('[FR1] draws contested fields with the way to the conflicts of each, a cut and where nothing is', async () => {
    await seen('viewer', {})
    const { ContestedFields } = await import('#app/(console)/pillars/contested-fields.tsx')
    type Props = Parameters<typeof ContestedFields>[0]
    const at = { ...(looked.visit as object), query: `fleet=${fleetId}&range=1h` } as Props['at']
    const asked = { version: '2.4.1' } as Props['asked']
    const rows = [{ collection, place: '/title', count: 3, share: 0.75 }]
    const [fromMs, stepMs] = [Date.UTC(2026, 10, 24, 9), 3_600_000]
    const columns = [
      { atMs: fromMs, counts: [3, 1] },
      { atMs: fromMs + stepMs, counts: null },
    ]
    const heat = { fromMs, toMs: fromMs + 2 * stepMs, stepMs, rows, fields: 2, columns, collections: [] }
    const markup = renderToStaticMarkup(ContestedFields({ at, heat, asked }))
    const href = /href="([^"]+)"/.exec(markup)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const { pathname, searchParams } = new URL(href, 'http://local.invalid')
    expect([pathname, searchParams.get('fleet'), searchParams.get('range')]).toEqual([
      '/conflicts',
      fleetId,
      '1h',
    ])
    expect(searchParams.get('q')).toBe(
      'collection:manual field:/title version:2.4.1 status:open,resolved arose:2026-11-24T09:00:00.000Z..2026-11-24T11:00:00.000Z',
    )
    expect(markup.match(/class="cell on"/g)?.length, 'what is counted together leads nowhere').toBe(1)
    expect(textOf(markup)).toMatch(/title of manual is contested most, in 75\.0 % of its conflicts/)
    expect(textOf(markup)).toMatch(/the 1 most contested of 2 fields; .*1 other field/)
    const none = renderToStaticMarkup(ContestedFields({ at, heat: { ...heat, rows: [], fields: 0 }, asked }))
    expect(textOf(none)).toMatch(/No field is contested in this time .*No conflict in this time/)
    const collections = [{ name: collection, conflicts: 2, pushed: 9, fields: [] }]
    const untold = ContestedFields({ at, heat: { ...heat, rows: [], fields: 0, collections }, asked })
    expect(textOf(renderToStaticMarkup(untold))).toMatch(/is not told .*These conflicts name no field/)
  })

  it('offers a viewer nothing that would be refused', async () => {
    for (const id of [open, settled]) {
      const { text } = await seen('viewer', {}, id)
      expect(text).toContain('Your role is viewer; deciding and restoring need operator')
      expect(text).not.toContain('Assign to me')
    }
  })
})
