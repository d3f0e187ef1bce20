import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Operation } from '#lib/protocol/mutation.ts'
import { cases } from '#tests/support/cases.ts'
import { DEVICES } from '#tests/support/engine-arbitraries.ts'
import { EngineWorld, mutationBy, put, remove, rulesOf } from '#tests/support/engine-world.ts'

/** Every piece of text is a letter of its own: what is lost, doubled or taken for another one shows. */
const piecesOf = (text: string): readonly string[] => Array.from(text)
const letter = (n: number): string => String.fromCodePoint(0x4e00 + n)

interface Step {
  readonly who: number
  readonly kind: 'insert' | 'erase' | 'delete' | 'anew' | 'desk' | 'pull'
  /** Whether an edit goes out as an operation, a whole document or a patch. */
  readonly as: 'ot' | 'put' | 'patch'
  readonly at: number
}
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(2),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('insert', 'erase') },
    { weight: 3, arbitrary: fc.constantFrom('delete', 'anew', 'desk') },
    { weight: 3, arbitrary: fc.constant('pull') },
  ),
  as: fc.constantFrom('ot', 'put', 'patch'),
  at: fc.nat(9),
})

/** A device as it is since its last pull: what it saw then, and its own changes on top. */
interface Seat {
  version: number
  revision: number
  text: string | null
  after: string | null
}

/** What stands in the record, or stood there when it was deleted, by the words of CS5 and CS9. */
interface Oracle {
  deleted: boolean
  readonly pieces: Set<string>
}

class Run {
  readonly server = new EngineWorld(rulesOf({ strategy: 'ot', fieldStrategies: { '/body': 'ot' } }))
  readonly oracle: Oracle = { deleted: false, pieces: new Set([letter(0)]) }
  readonly seats: readonly Seat[]
  private count = 0

  constructor() {
    this.server.send(DEVICES[0] as string, put({ body: letter(0) }))
    this.seats = DEVICES.slice(0, 3).map(() => ({ version: 1, revision: 0, text: letter(0), after: null }))
  }

  take({ who, kind, as, at }: Step): void {
    const seat = this.seats[who] as Seat
    if (kind === 'pull') return this.pull(seat)
    if (kind === 'desk') return this.bringBack(at)
    if (kind === 'anew')
      return seat.text === null && seat.version === 0 ? this.makeAnew(who, seat) : undefined
    if (seat.text === null) return
    if (kind === 'delete') return this.remove(who, seat)
    this.edit(who, seat, { kind, as, at })
  }

  private pull(seat: Seat): void {
    const { record } = this.server
    const text = (record?.data?.['body'] as string | undefined) ?? ''
    const isThere = record?.deleted === false
    Object.assign(seat, {
      version: isThere ? record.version : 0,
      revision: record?.ot?.['/body']?.revision ?? 0,
      text: isThere ? text : null,
      after: null,
    })
  }

  private send(who: number, seat: Seat, op: Operation): string {
    const changes = { baseVersion: seat.version, ...(seat.after === null ? {} : { after: seat.after }) }
    const mutation = mutationBy(DEVICES[who] as string, op, changes)
    const [result] = this.server.push(DEVICES[who] as string, [mutation])
    seat.after = mutation.id
    return result?.status ?? 'none'
  }

  private edit(who: number, seat: Seat, { kind, as, at }: Pick<Step, 'kind' | 'as' | 'at'>): void {
    const pieces = piecesOf(seat.text ?? '')
    const gone = kind === 'erase' ? pieces[at % Math.max(1, pieces.length)] : undefined
    const piece = letter(++this.count)
    const place = at % (pieces.length + 1)
    const from = pieces.slice(0, gone === undefined ? place : pieces.indexOf(gone)).join('').length
    const inserted = gone === undefined ? piece : ''
    const body =
      (seat.text as string).slice(0, from) +
      inserted +
      (seat.text as string).slice(from + (gone?.length ?? 0))
    const op: Operation =
      as === 'ot'
        ? {
            type: 'ot',
            path: '/body',
            kind: 'text',
            baseRevision: seat.revision,
            ops: [from, inserted, { d: gone?.length ?? 0 }],
          }
        : as === 'put'
          ? put({ body })
          : { type: 'patch', set: { body } }
    expect(this.send(who, seat, op)).toMatch(/^(applied|merged)$/)
    seat.text = body
    this.oracle.deleted = false
    if (gone !== undefined) this.oracle.pieces.delete(gone)
    else this.oracle.pieces.add(piece)
  }

  private remove(who: number, seat: Seat): void {
    const status = this.send(who, seat, remove)
    if (status === 'applied') this.oracle.deleted = true
    // By `ot` the edit wins.
    else expect(status).toBe('superseded')
    this.pull(seat)
  }

  private makeAnew(who: number, seat: Seat): void {
    if (!this.oracle.deleted) return
    const body = letter(++this.count)
    expect(this.send(who, seat, put({ body }))).toBe('applied')
    Object.assign(seat, { text: body, revision: 0 })
    this.oracle.pieces.clear()
    this.stands([body])
  }

  /** A person brings back what was deleted, with a word of his own, on the version that he saw. */
  private bringBack(at: number): void {
    const { record } = this.server
    if (!record?.deleted) return
    const was = record.ot?.['/body']?.was
    const pieces = piecesOf(typeof was === 'string' ? was : '')
    const own = letter(++this.count)
    const body = [...pieces.slice(0, at % (pieces.length + 1)), own].join('')
    const desk = mutationBy(DEVICES[2] as string, put({ body }), { baseVersion: record.version })
    expect(this.server.push(DEVICES[2] as string, [desk], { byDesk: true })[0]?.status).toBe('applied')
    this.oracle.pieces.clear()
    this.stands(piecesOf(body))
  }

  private stands(pieces: readonly string[]): void {
    this.oracle.deleted = false
    for (const piece of pieces) this.oracle.pieces.add(piece)
  }

  check(): void {
    const { record } = this.server
    expect(record?.deleted).toBe(this.oracle.deleted)
    if (this.oracle.deleted) return
    const text = (record?.data?.['body'] as string | undefined) ?? ''
    expect(piecesOf(text).toSorted()).toEqual([...this.oracle.pieces].toSorted())
  }
}

describe('a record under OT that is edited, deleted, made anew and brought back', () => {
  it('[CS9] holds every piece that was put in and not taken out since, once, however late it comes', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 3, maxLength: 30 }), (steps) => {
        const run = new Run()
        for (const each of steps) {
          run.take(each)
          run.check()
        }
      }),
      { numRuns: cases(150) },
    )
  })
})
