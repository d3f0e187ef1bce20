import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoggedOp } from '#lib/engine/ot/integrate.ts'
import { integrate, passAll } from '#lib/engine/ot/integrate.ts'
import { noWork } from '#lib/engine/push-work.ts'
import { textType } from '#lib/engine/ot/text-type.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { cases } from '#tests/support/cases.ts'
import { cutTo, frozen, rawTextOp, text } from '#tests/support/ot-arbitraries.ts'

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
