import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { BACKENDS, opened } from './world.ts'

const FLEET = '01920000-0000-7000-8000-000000000001'

async function asOwner(url: string | null, text: string, values: readonly string[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: url ?? '' })
  await client.connect()
  await client.query(text, [...values])
  await client.end()
}

/** What one process hears, and whether it says that it hears. */
function listening(storage: Storage) {
  const heard: [string, Record<string, number>][] = []
  const states: boolean[] = []
  const stop = storage.signals.listen({
    controlled: () => undefined,
    grown: (fleetId, heads) => heard.push([fleetId, Object.fromEntries(heads)]),
    hearing: (isHearing) => states.push(isHearing),
  })
  return { heard, states, stop }
}

/** The same, once it hears. */
async function hearing(storage: Storage): Promise<ReturnType<typeof listening>> {
  const ears = listening(storage)
  await until(() => ears.states.at(-1) === true)
  return ears
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await sleep(10)
}

describe.each(BACKENDS)('signals on $name', (backend) => {
  const current = opened(backend)

  it('are heard by every process, itself included, whole and in order', async () => {
    const { storage, url } = current()
    const another = url === null ? storage : await openPostgresStorage({ url })
    const ears = [listening(storage), listening(another)]
    await until(() => ears.every(({ states }) => states.at(-1) === true))
    const many = new Map(Array.from({ length: 50 }, (_, i) => [`${'ü'.repeat(60)}${i}`, i]))
    await storage.signals.tell(new Map([[FLEET, new Map([['notes', 2 ** 40]])]]))
    await another.signals.tell(new Map([[FLEET, many]]))
    const sizes = (heard: (typeof ears)[number]['heard']): number =>
      heard.reduce((sum, [, heads]) => sum + Object.keys(heads).length, 0)
    await until(() => ears.every(({ heard }) => sizes(heard) === 51))
    for (const { heard, stop } of ears) {
      expect(heard[0]).toEqual([FLEET, { notes: 2 ** 40 }])
      const rest: Record<string, number> = Object.assign({}, ...heard.slice(1).map(([, heads]) => heads))
      expect(rest).toEqual(Object.fromEntries(many))
      await stop()
    }
    if (another !== storage) await another.close()
  })

  it('say when they are heard no more', async () => {
    const ears = listening(current().storage)
    await until(() => ears.states.at(-1) === true)
    await ears.stop()
    expect(ears.states).toEqual([true, false])
    await current().storage.signals.tell(new Map([[FLEET, new Map([['notes', 1]])]]))
    expect(ears.heard).toEqual([])
  })
})

describe('signals on PostgreSQL', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])

  it('are heard past what others say on the channel', async () => {
    const { storage, url } = current()
    const ears = await hearing(storage)
    for (const said of ['', 'x', '7', '["f"]', '["f",[["notes"]]]', '["f",[["notes","1"]]]'])
      await asOwner(url, `SELECT pg_notify('tidemark_grown', $1)`, [said])
    await storage.signals.tell(new Map([[FLEET, new Map([['notes', 3]])]]))
    await until(() => ears.heard.length > 0)
    expect(ears.heard).toEqual([[FLEET, { notes: 3 }]])
    expect(ears.states).toEqual([true])
    await ears.stop()
  })

  it('are heard again once a connection that was lost is back, and it is told in between', async () => {
    const { storage, url } = current()
    const ears = await hearing(storage)
    await asOwner(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    )
    await until(() => ears.states.length === 3)
    expect(ears.states).toEqual([true, false, true])
    await storage.signals.tell(new Map([[FLEET, new Map([['notes', 7]])]]))
    await until(() => ears.heard.length === 1)
    expect(ears.heard).toEqual([[FLEET, { notes: 7 }]])
    await ears.stop()
  })

  it('fail with the database, which says so', async () => {
    const { url } = current()
    const gone = await openPostgresStorage({ url: url ?? '' })
    const ears = await hearing(gone)
    await gone.close()
    expect(ears.states).toEqual([true, false])
  })
})
