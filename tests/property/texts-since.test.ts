import fc from 'fast-check'
import { expect, it } from 'vitest'
import type * as Y from 'yjs'
import { LoadedTexts } from '#lib/engine/crdt/loaded-texts.ts'
import { RecentJoins } from '#lib/engine/crdt/recent-joins.ts'
import type { TextCrdt } from '#lib/engine/crdt/text.ts'
import { textByYjs } from '#lib/engine/crdt/text-yjs.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import { cases } from '#tests/support/cases.ts'

/** One that keeps every document and every join, however short the text, and one that keeps nothing. */
const keeping = (): TextCrdt => textByYjs(new LoadedTexts<Y.Doc>(0, 1e6), new RecentJoins(0, 1e6))
const forgetting = (): TextCrdt => textByYjs(new LoadedTexts<Y.Doc>(1, 0), new RecentJoins(1, 0))

const EMPTY: TextState = { kind: 'text', update: 'AAA=' }

const step = fc.record({
  /** Seen by the writer: so many of the newest changes are not. */
  behind: fc.nat({ max: 3 }),
  at: fc.nat({ max: 40 }),
  removed: fc.nat({ max: 6 }),
  inserted: fc.constantFrom('', 'a', 'bc', 'def', '😀', '\ud83d', 'x'.repeat(30)),
})
const history = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  then: fc.nat(),
  now: fc.nat(),
  /** What the device holds beside what it was shown. */
  more: fc.array(fc.nat(), { maxLength: 4 }),
})

it('[TK9] what came to a text since, joined to what a device holds, is what the whole state would be', () => {
  fc.assert(
    fc.property(history, fc.boolean(), ({ steps, then, now, more }, keeps) => {
      const text = keeps ? keeping() : forgetting()
      const value = (result: ReturnType<TextCrdt['merge']>): TextState => {
        if (!result.ok) throw new Error(result.error)
        return result.value
      }
      const read = (state: TextState): string => {
        const shown = text.read(state)
        return shown.ok ? shown.value : shown.error
      }
      const states = [EMPTY]
      const changes: TextState[] = []
      for (const [n, { behind, at, removed, inserted }] of steps.entries()) {
        const seen = states[Math.max(0, states.length - 1 - behind)] ?? EMPTY
        const before = read(seen)
        const next = before.slice(0, at) + inserted + before.slice(at + removed)
        const change = text.edit(seen, next, `writer ${n}`)
        if (!change.ok) return
        changes.push(change.value)
        states.push(value(text.merge(states.at(-1) ?? EMPTY, change.value)))
      }
      const from = then % states.length
      const to = from + (now % (states.length - from))
      const [was, is] = [states[from] ?? EMPTY, states[to] ?? EMPTY]
      const since = text.since(was, is)
      // Half an emoji may be read otherwise in a document that is loaded anew: then the text goes out whole.
      if (!since) return expect(read(is)).toMatch(/[\ud800-\udfff\ufffd]/)
      const held = more.reduce(
        (state, n) => value(text.merge(state, changes[n % changes.length] ?? EMPTY)),
        was,
      )
      expect(text.clash(held, since)).toBeNull()
      expect(read(value(text.merge(held, since)))).toBe(read(value(text.merge(held, is))))
      expect(read(value(text.merge(was, since)))).toBe(read(is))
    }),
    { numRuns: cases(1_500) },
  )
})
