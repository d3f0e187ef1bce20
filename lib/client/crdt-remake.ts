import { claim } from '#lib/engine/crdt/claim.ts'
import { formatDot, hasSeen, parseDot } from '#lib/engine/crdt/dots.ts'
import { EMPTY_G_COUNTER } from '#lib/engine/crdt/g-counter.ts'
import { EMPTY_OR_SET } from '#lib/engine/crdt/or-set.ts'
import { EMPTY_PN_COUNTER } from '#lib/engine/crdt/pn-counter.ts'
import { totalOf } from '#lib/engine/crdt/totals.ts'
import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import type { CrdtChange, CrdtState, Totals } from '#lib/protocol/crdt.ts'
import type { CrdtGround } from './crdt-parts.ts'
import { stateAt } from './crdt-state-at.ts'
import type { Counted } from './tables.ts'

/** Dots that have, or take, another id of the device in their name. */
export interface Renaming {
  readonly deviceId: string
  readonly from: string
  readonly to: string
  /** `path dot` of the additions that are meant. */
  readonly dots: ReadonlySet<string>
  /** And of all numbers from here on that the server has not shown. */
  readonly unseenFrom: number
}

/** As `asKind`, for what was made long ago: what doesn't fit any more is the server's to judge. */
function kindOrEmpty<K extends CrdtState['kind']>(
  ground: CrdtGround,
  path: string,
  empty: Extract<CrdtState, { kind: K }>,
): Extract<CrdtState, { kind: K }> {
  const state = stateAt(ground.states, path)
  const claimed = state && claim(state, empty.kind, null)
  return claimed?.ok ? (claimed.value as Extract<CrdtState, { kind: K }>) : empty
}

function renamed(renaming: Renaming, ground: CrdtGround, path: string, text: string): string {
  const { from, to, dots, unseenFrom } = renaming
  const dot = parseDot(text)
  if (dot?.deviceId !== from) return text
  const isUnseen = dot.n >= unseenFrom && !hasSeen(kindOrEmpty(ground, path, EMPTY_OR_SET).seen, dot)
  return isUnseen || dots.has(`${path} ${text}`) ? formatDot({ deviceId: to, n: dot.n }) : text
}

/**
 * The ground shows that the server has not these changes of `deviceId`: its totals only grow, and its dots, and those that
 * take another name here, are seen for good once they came. Of a register or a text it tells nothing, and need not: they
 * don't name what came before.
 */
export const isLacking = (
  ground: CrdtGround,
  changes: readonly CrdtChange[],
  { deviceId, dots: renamedDots }: Pick<Renaming, 'deviceId' | 'dots'>,
): boolean =>
  changes.some((change) => {
    const { path } = change
    const isAhead = (own: Totals = {}, shown: Totals = {}): boolean =>
      totalOf(own, deviceId) > totalOf(shown, deviceId)
    switch (change.kind) {
      case 'g-counter':
        return isAhead(change.state, kindOrEmpty(ground, path, EMPTY_G_COUNTER).state)
      case 'pn-counter': {
        const { p, n } = kindOrEmpty(ground, path, EMPTY_PN_COUNTER).state
        return isAhead(change.state.p, p) || isAhead(change.state.n, n)
      }
      case 'or-set': {
        const { seen } = kindOrEmpty(ground, path, EMPTY_OR_SET)
        const dots = [...(change.add ?? []).map(({ dot }) => dot), ...(change.remove ?? [])]
        return dots.some((text) => {
          const dot = parseDot(text)
          const isMeant = dot?.deviceId === deviceId || renamedDots.has(`${path} ${text}`)
          return dot !== null && isMeant && !hasSeen(seen, dot)
        })
      }
      case 'lww-register':
      case 'text':
        return false
    }
  })

/** A change as `renaming.to` makes it on this ground (FK3). */
export function remakeOne(
  ground: CrdtGround,
  change: CrdtChange,
  counted: Counted,
  renaming: Renaming,
): CrdtChange {
  const { deviceId } = renaming
  const { path } = change
  const [up, down] = Object.hasOwn(counted, path) ? (counted[path] as Counted[string]) : [0, 0]
  const own = (totals: Totals, by: number): Totals =>
    by === 0 ? {} : { [deviceId]: totalOf(totals, deviceId) + by }
  switch (change.kind) {
    case 'g-counter':
      return { ...change, state: own(kindOrEmpty(ground, path, EMPTY_G_COUNTER).state, up) }
    case 'pn-counter': {
      const { p, n } = kindOrEmpty(ground, path, EMPTY_PN_COUNTER).state
      return { ...change, state: { p: own(p, up), n: own(n, down) } }
    }
    case 'or-set': {
      const add = (change.add ?? []).map(({ value, dot }) => {
        const parsed = parseDot(dot)
        return { value, dot: parsed ? formatDot({ deviceId, n: parsed.n }) : dot }
      })
      return {
        ...change,
        add,
        remove: (change.remove ?? []).map((dot) => renamed(renaming, ground, path, dot)),
      }
    }
    case 'lww-register': {
      const stamp = parseHlc(change.hlc)
      return stamp.ok ? { ...change, hlc: formatHlc({ ...stamp.value, deviceId }) } : change
    }
    case 'text':
      return change
  }
}

/** What two changes that are joined have counted, by path. */
export const addCounted = (first: Counted, second: Counted): Counted => ({
  ...first,
  ...Object.fromEntries(
    Object.entries(second).map(([path, [up, down]]) => {
      const [upBefore, downBefore] = Object.hasOwn(first, path) ? (first[path] as Counted[string]) : [0, 0]
      return [path, [upBefore + up, downBefore + down]]
    }),
  ),
})
