import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Replica } from '#lib/client/replica.ts'
import { cases } from '#tests/support/cases.ts'
import { RestoredWorld } from '#tests/support/restored-world.ts'

const DAY_MS = 86_400_000

const notesOf = (device: Replica) => device.collection('board')
const read = async (device: Replica, id: string): Promise<string> =>
  String((await notesOf(device).get(id))?.data['t'] ?? '')
const told = (device: Replica): object => ({
  pending: device.status$.get().pending,
  letters: device.deadLetters$.get().map(({ code }) => code),
  refusals: device.refusals$.get(),
  conflicts: device.conflicts$.get(),
})
const NOTHING = { pending: 0, letters: [], refusals: [], conflicts: [] }

/** What the server has, as a device reads it that was never here before. */
async function shown(world: RestoredWorld, id: string): Promise<string> {
  const reader = await world.open()
  await world.sync(reader)
  const text = await read(reader, id)
  await reader.close()
  return text
}

interface Case {
  /** The text was written as a plain value, or typed. */
  readonly begun: 'written' | 'typed'
  /** How the one wrote what the other one typed behind. */
  readonly by: 'patch' | 'handle'
  readonly typing: 'acknowledged' | 'waiting'
}

/** "base" is in the backup; behind it A wrote " hello", and B " world" behind that. */
async function lost({ begun, by, typing }: Case): Promise<[RestoredWorld, Replica, Replica, string]> {
  const world = await RestoredWorld.start()
  const [a, b] = [await world.open(), await world.open()]
  await world.sync(a, b)
  const { recordId: id } = await notesOf(a).put(null, { t: begun === 'written' ? 'base' : '' })
  await world.sync(a)
  if (begun === 'typed') await notesOf(a).text(id, 't').insert(0, 'base')
  await world.sync(a, b)
  world.backUp()
  if (by === 'patch') await notesOf(a).patch(id, { set: { t: 'base hello' } })
  else await notesOf(a).text(id, 't').insert(4, ' hello')
  await world.sync(a, b)
  await notesOf(b).text(id, 't').insert(10, ' world')
  if (typing === 'acknowledged') await world.sync(b, a)
  expect(await read(b, id)).toBe('base hello world')
  await world.restore()
  return [world, a, b, id]
}

const CASES: readonly Case[] = (['written', 'typed'] as const).flatMap((begun) =>
  (['patch', 'handle'] as const).flatMap((by) =>
    (['acknowledged', 'waiting'] as const).map((typing) => ({ begun, by, typing })),
  ),
)

describe('what was typed behind what a restore took', () => {
  it.each(CASES)(
    '[TK6][SDK7] stands once: a text $begun, behind a $by, $typing; whoever is back first',
    async (each) => {
      for (const isFirst of [true, false]) {
        const [world, a, b, id] = await lost(each)
        const devices = isFirst ? [a, b] : [b, a]
        await world.sync(...devices)
        // Its author sees it from the first session on.
        expect(await read(b, id)).toContain(' world')
        await world.sync(...devices, ...devices)
        world.nowMs += DAY_MS
        await world.sync(...devices, ...devices)
        // What A wrote as a document is a letter, and only that.
        const end = each.by === 'patch' ? 'base world' : 'base hello world'
        expect([await shown(world, id), await read(a, id), await read(b, id)]).toEqual([end, end, end])
        expect(told(b)).toEqual(NOTHING)
        expect(told(a)).toEqual({ ...NOTHING, letters: each.by === 'patch' ? ['underivable'] : [] })
      }
    },
  )

  it.each(CASES)(
    '[TK6][SDK7] stands where its author is back alone, and once where the other one comes later: a text $begun, behind a $by, $typing',
    async (each) => {
      const [world, a, b, id] = await lost(each)
      await world.sync(b, b)
      expect(await read(b, id)).toContain(' world')
      await notesOf(b)
        .text(id, 't')
        .insert((await read(b, id)).length, '!')
      await world.sync(b)
      world.nowMs += DAY_MS
      await world.sync(b, b)
      expect([await shown(world, id), await read(b, id)]).toEqual(['base world!', 'base world!'])
      await world.sync(a, b, a)
      const words = [await shown(world, id), await read(a, id), await read(b, id)]
      for (const word of words) {
        expect(word).toBe(words[0])
        const rest = each.by === 'patch' ? word : word.replace(' hello', '')
        expect(rest).toBe('base world!')
        expect(word.length).toBe(each.by === 'patch' ? 11 : 17)
      }
      expect(told(b)).toEqual(NOTHING)
    },
  )

  it('[TK6][SDK7] stands beside a plain value that another one puts there before it is sent', async () => {
    const [world, , b, id] = await lost({ begun: 'written', by: 'patch', typing: 'acknowledged' })
    const c = await world.open()
    await world.sync(c)
    const { app } = world
    const handle: typeof app.router.handle = async (request) => {
      if (request.url.endsWith('/push') && (await request.clone().text()).includes('"mutations":[{')) {
        world.app = app
        await notesOf(c).patch(id, { set: { t: 'other' } })
        await world.sync(c)
      }
      return app.router.handle(request)
    }
    world.app = { ...app, router: { ...app.router, handle } }
    await world.sync(b, c, b)
    expect(world.app).toBe(app)
    world.nowMs += DAY_MS
    await world.sync(b, c)
    for (const device of [b, c]) expect([' worldother', 'other world']).toContain(await read(device, id))
    expect(told(b)).toEqual(NOTHING)
  })

  it('[TK6][SDK7] stands where it was typed behind an own document write, which is a letter', async () => {
    for (const begun of ['written', 'typed'] as const) {
      const world = await RestoredWorld.start()
      const [a, b] = [await world.open(), await world.open()]
      const { recordId: id } = await notesOf(a).put(null, { t: begun === 'written' ? 'base' : '' })
      if (begun === 'typed') await notesOf(a).text(id, 't').insert(0, 'base')
      await world.sync(a, b)
      world.backUp()
      await notesOf(b).patch(id, { set: { t: 'base hello' } })
      await world.sync(b)
      await notesOf(b).text(id, 't').insert(10, ' world')
      await world.sync(b)
      await world.restore()
      await world.sync(b, b)
      world.nowMs += DAY_MS
      await world.sync(b, b)
      expect(await shown(world, id)).toBe('base world')
      expect(told(b)).toEqual({ ...NOTHING, letters: ['underivable'] })
    }
  })
})

/** What was typed in changes that are dead letters, with all else that stands in their updates. */
const inLetters = (device: Replica): string =>
  device.deadLetters$
    .get()
    .flatMap(({ mutation: { op } }): readonly object[] => (op.type === 'crdt' ? op.changes : [op]))
    .map((one) =>
      'update' in one ? Buffer.from(String(one.update), 'base64').toString() : JSON.stringify(one),
    )
    .join('')

interface Step {
  readonly what: 'type' | 'patch' | 'cut' | 'sync' | 'back up' | 'restore'
  readonly who: number
  readonly at: number
}
const WHAT = ['type', 'type', 'type', 'patch', 'cut', 'sync', 'sync', 'sync'] as const
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom<Step['what']>(...WHAT),
  who: fc.nat(2),
  at: fc.nat(99),
})
const some = fc.array(step, { maxLength: 8 })
const story = fc
  .tuple(some, some, some, fc.boolean())
  .map(([before, lostSteps, after, isTwice]): readonly Step[] => [
    ...before,
    { what: 'back up', who: 0, at: 0 },
    ...lostSteps,
    { what: 'restore', who: 0, at: 0 },
    ...after,
    ...(isTwice ? [{ what: 'restore', who: 0, at: 0 } as const] : []),
  ])

/** Each types letters that are nobody else's. `late` is back only when the others have put theirs forward. */
async function live(steps: readonly Step[], late: number, start: string): Promise<void> {
  const world = await RestoredWorld.start()
  const devices = [await world.open(), await world.open(), await world.open()]
  const { recordId: id } = await notesOf(devices[0] as Replica).put(null, { t: start })
  await world.sync(...devices)
  const typed: string[] = []
  const cut = new Set<string>()
  for (const [n, { what, who, at }] of steps.entries()) {
    world.nowMs += 10_000
    const device = devices[who] as Replica
    const letter = String.fromCodePoint(0x4e00 + n)
    const text = await read(device, id)
    const place = at % (text.length + 1)
    if (what === 'sync') await world.sync(device)
    else if (what === 'back up') world.backUp()
    else if (what === 'restore') await world.restore()
    else if (what === 'type') {
      await notesOf(device).text(id, 't').insert(place, letter)
      typed.push(letter)
    } else if (what === 'cut' && place < text.length) {
      await notesOf(device).text(id, 't').delete(place, 1)
      cut.add(text[place] as string)
    } else if (what === 'patch') {
      await notesOf(device).patch(id, { set: { t: text.slice(0, place) + letter + text.slice(place) } })
    }
  }
  const early = devices.filter((_, i) => i !== late)
  for (let day = 0; day < 2; day++) {
    await world.sync(...early, ...early, ...early)
    world.nowMs += DAY_MS
  }
  for (let day = 0; day < 3; day++) {
    await world.sync(...devices, ...devices, ...devices)
    world.nowMs += DAY_MS
  }
  const end = await shown(world, id)
  for (const device of devices) {
    expect(await read(device, id)).toBe(end)
    expect(told(device)).toMatchObject({ pending: 0, refusals: [], conflicts: [] })
  }
  expect(new Set(end).size).toBe(end.length)
  // What waits on an own document write that is a letter is one too.
  const held = devices.map(inLetters).join('')
  for (const letter of typed) if (!cut.has(letter)) expect(end + held).toContain(letter)
  for (const device of devices) await device.close()
}

describe('texts of several devices behind restores', () => {
  it('[TK6][SDK7] hold each typed letter once, whoever is back first, and whoever comes days later', async () => {
    const property = fc.asyncProperty(story, fc.nat(3), fc.constantFrom('', 'ab'), live)
    await fc.assert(property, { numRuns: cases(60) })
  })
})
