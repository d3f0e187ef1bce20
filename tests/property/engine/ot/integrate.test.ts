import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoggedOp } from '#lib/engine/ot/integrate.ts'
import { integrate, passAll } from '#lib/engine/ot/integrate.ts'
import { noWork } from '#lib/engine/push-work.ts'
import { textType, transformCursor, transformSelection } from '#lib/engine/ot/text-type.ts'
import { codePoints } from '#lib/kernel/code-points.ts'
import { jsonType, transformPath } from '#lib/engine/ot/json-type.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { cases } from '#tests/support/cases.ts'
import { cutTo, frozen, rawTextOp, text, textOp } from '#tests/support/ot-arbitraries.ts'

function must<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error)
  return frozen(result.value)
}
const applied = (document: string, ops: readonly Json[]): string =>
  ops.reduce<string>((value, op) => must(textType.apply(value, op)) as string, document)

/** A device that types without waiting: its document runs ahead of what the server has said. */
class Typist {
  document: string
  revision = 0
  /** What is not acknowledged, each on the ones before it and on `revision`. */
  pending: { id: string; ops: Json }[] = []
  private n = 0
  private readonly name: string

  constructor(name: string, document: string) {
    this.name = name
    this.document = document
  }

  type(op: Json): void {
    const ops = must(textType.parse(op))
    this.document = applied(this.document, [ops])
    this.pending.push({ id: `${this.name}${this.n++}`, ops })
  }
}

/** The authority: it puts what arrives in order. */
class Authority {
  readonly log: LoggedOp[] = []
  document: string

  constructor(document: string) {
    this.document = document
  }

  /** Takes all that a device has pending, as a chain on one base; the device takes the answers in. */
  take(device: Typist): void {
    const base = device.revision
    if (device.pending.length === 0) {
      const missed = this.log.filter(({ revision }) => revision > base).map(({ ops }) => ops)
      device.document = applied(device.document, missed)
    }
    const chain = new Set<string>()
    for (const { id, ops: made } of device.pending) {
      const since = this.log.filter(({ revision }) => revision > base)
      const { ops, transformed } = must(integrate(textType, since, chain, made, noWork()))
      const revision = this.log.length + 1
      this.log.push({ revision, version: revision, mutationId: id, ops, made })
      this.document = applied(this.document, [ops])
      chain.add(id)
      // The rest of the device's own work goes past what it is told.
      const rest = device.pending.slice(chain.size).map((later) => later.ops)
      let mine = rest
      for (const theirs of transformed) {
        const passed = must(passAll(textType, mine, theirs))
        mine = [...passed.mine]
        device.document = applied(device.document, [passed.theirs])
      }
      device.pending = device.pending.map((entry, i) =>
        i < chain.size ? entry : { ...entry, ops: mine[i - chain.size] as Json },
      )
      // What was sent is sent: the chain goes on in the form that it was made in.
      expect(device.document).toBe(applied(this.document, mine))
    }
    device.pending = []
    device.revision = this.log.length
  }
}

describe('an authority', () => {
  const run = fc.tuple(
    text,
    fc.array(fc.record({ who: fc.nat(2), raw: rawTextOp, sends: fc.boolean() }), { maxLength: 12 }),
  )

  it('[CS5] keeps devices that type at once equal to itself, chains on old revisions included', () => {
    fc.assert(
      fc.property(run, ([document, steps]) => {
        const authority = new Authority(document)
        const devices = ['a', 'b', 'c'].map((name) => new Typist(name, document))
        for (const { who, raw, sends } of steps) {
          const device = devices[who] as Typist
          device.type(cutTo(device.document, raw))
          if (sends) authority.take(device)
        }
        // Once to send, once more to hear what those after it sent.
        for (const device of [...devices, ...devices]) authority.take(device)
        for (const { document: seen } of devices) expect(seen).toBe(authority.document)
      }),
      { numRuns: cases(150) },
    )
  })

  it('[CS5] does bounded work: a chain that is too far behind has no known base', () => {
    const own = new Set(logOf(99).map(({ mutationId }) => mutationId))
    const behind = integrate(textType, logOf(200), own, ['y'], noWork())
    expect(behind).toEqual({ ok: false, error: 'unknown_revision' })
    expect(integrate(textType, logOf(199), own, ['y'], noWork()).ok).toBe(true)
    expect(integrate(textType, logOf(200), new Set(), ['y'], noWork()).ok).toBe(true)
  })

  it('[AF1] [CS5] its own chain of changes is nothing to pass, however long', () => {
    const log = logOf(500)
    const own = new Set(log.map(({ mutationId }) => mutationId))
    expect(integrate(textType, log, own, [500, 'y'], noWork())).toMatchObject({
      ok: true,
      value: { ops: [500, 'y'] },
    })
  })
})

/** So many operations, each a letter at the front. */
function logOf(length: number): LoggedOp[] {
  return Array.from({ length }, (_, i) => ({
    revision: i + 1,
    version: i + 1,
    mutationId: `m${i}`,
    ops: ['x'],
    made: ['x'],
  }))
}

describe('cursors', () => {
  it('[CS5] stay at the text that they stand before, whatever others type', () => {
    const drawn = text.chain((document) => fc.tuple(fc.constant(document), textOp(document), fc.nat()))
    fc.assert(
      fc.property(drawn, ([document, raw, at]) => {
        const op = must(textType.parse(raw))
        const position = at % (codePoints(document) + 1)
        const moved = transformCursor(position, op)
        const after = must(textType.apply(document, op)) as string
        expect(moved).toBeGreaterThanOrEqual(0)
        expect(moved).toBeLessThanOrEqual(codePoints(after))
        // What is left of the text behind the cursor is still behind it: the end of the text ends the same.
        const untouched = untouchedTail(document, op, position)
        expect(Array.from(after).slice(moved).join('').endsWith(untouched)).toBe(true)
        expect(transformSelection([position, position], op)).toEqual([moved, moved])
      }),
      { numRuns: cases(500) },
    )
  })

  it('[CS5] on JSON follow what moves and are gone with what is removed', () => {
    const op = must(
      jsonType.parse([
        ['a', 0, { p: 0 }],
        ['b', { r: true }],
        ['c', { d: 0 }],
      ]),
    )
    expect(transformPath(['a', 0, 'x'], op)).toEqual(['c', 'x'])
    expect(transformPath(['a', 2], op)).toEqual(['a', 1])
    expect(transformPath(['b', 'y'], op)).toBeNull()
    expect(transformPath(['__proto__'], op)).toEqual(['__proto__'])
  })
})

/** The code points behind `position` that come after everything the operation touches. */
function untouchedTail(document: string, op: Json, position: number): string {
  let reached = 0
  for (const component of op as readonly (number | string | { d: number })[]) {
    if (typeof component === 'number') reached += component
    else if (typeof component === 'object') reached += component.d
  }
  return Array.from(document).slice(Math.max(position, reached)).join('')
}
