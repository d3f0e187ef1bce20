import { type as textUnicode } from 'ot-text-unicode'
import type { TextOp, TextOpComponent } from 'ot-text-unicode'
import { codePoints } from '#lib/kernel/code-points.ts'
import { hasHalfPair } from '#lib/kernel/half-pairs.ts'
import type { Json } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { PushWork } from '../push-work.ts'
import { replacedRanges } from '../text-difference.ts'
import type { OtFailure, OtType } from './ot-type.ts'
import { beforeApplied } from './before-applied.ts'

/** Components of one text operation. */
export const TEXT_COMPONENTS_MAX = 10_000
/** UTF-16 units of a text under OT; a mutation has no room for more either. */
export const TEXT_UNITS_MAX = 1024 * 1024

/** Positions count code points, which half a surrogate pair would break. */
const isText = (value: Json | undefined): value is string => typeof value === 'string' && !hasHalfPair(value)

/** Text by ot-text-unicode: `[skip, "insert", {d: count}]`, counted in code points (CS5). */
export const textType: OtType = {
  kind: 'text',
  parse(ops) {
    if (!Array.isArray(ops)) return err('bad_op')
    if (ops.length > TEXT_COMPONENTS_MAX) return err('too_large')
    const components: TextOp = []
    for (const item of ops as readonly Json[]) {
      const component = parseComponent(item)
      if (component === null) return err('bad_op')
      components.push(component)
    }
    return ok(textUnicode.normalize(components) as Json)
  },
  apply(value, op) {
    const text = value ?? ''
    if (typeof text !== 'string') return err('kind_mismatch')
    if (!isText(text) || consumed(op as TextOp) > codePoints(text)) return err('does_not_fit')
    const next = textUnicode.apply(text, op as TextOp)
    return next.length > TEXT_UNITS_MAX ? err('too_large') : ok(next)
  },
  redo(value, ops) {
    let text: Result<Json | undefined, OtFailure> = ok(value)
    for (const op of ops) text = text.ok ? textType.apply(text.value, op) : text
    return text
  },
  transform: (op, other, side) => ok(textUnicode.transform(op as TextOp, other as TextOp, side) as Json),
  compose: (first, second) => ok(textUnicode.compose(first as TextOp, second as TextOp) as Json),
  diff(before, after, work) {
    const [from, to] = [before ?? '', after ?? '']
    if (typeof from !== 'string' || typeof to !== 'string') return err('kind_mismatch')
    if (!isText(from) || !isText(to)) return err('bad_op')
    return ok(differenceOf(from, to, work))
  },
  diffSince(before, after, applied, work) {
    const areTexts = typeof before === 'string' && typeof after === 'string'
    const since = areTexts ? beforeApplied(before, after, applied, work) : null
    const rest = textType.diff(before, since ? since.text : after, work)
    return rest.ok && since ? textType.compose(rest.value, textUnicode.normalize(since.ops) as Json) : rest
  },
  renew(before, after) {
    const [from, to] = [before ?? '', after ?? '']
    if (typeof from !== 'string' || typeof to !== 'string') return err('kind_mismatch')
    return isText(from) && isText(to)
      ? ok(textUnicode.normalize([to, { d: codePoints(from) }]) as Json)
      : err('bad_op')
  },
  cost: (op, other) => ((op as TextOp).length + (other as TextOp).length) / 2,
}

/** Deletions by their text become counts: it would only matter for undo, and can't be trusted. */
function parseComponent(item: Json): TextOpComponent | null {
  if (typeof item === 'number') return isCount(item) ? item : null
  if (typeof item === 'string') return isText(item) ? item : null
  if (!isJsonObject(item) || Object.keys(item).length !== 1 || !Object.hasOwn(item, 'd')) return null
  const deleted = item['d']
  if (typeof deleted === 'number') return isCount(deleted) ? { d: deleted } : null
  return isText(deleted) ? { d: codePoints(deleted) } : null
}

/** No sum of as many of these leaves the safe integers. */
const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= TEXT_UNITS_MAX

/** Code points of the text before that the operation goes over. */
function consumed(op: TextOp): number {
  let total = 0
  for (const component of op) {
    if (typeof component === 'number') total += component
    else if (typeof component === 'object') total += component.d as number
  }
  return total
}

function differenceOf(before: string, after: string, work?: PushWork): Json {
  const ops: TextOp = []
  // Of the text before: how far it is gone through, and by how much the places of the ranges have moved.
  let [done, moved] = [0, 0]
  for (const { from, removed, inserted } of replacedRanges(before, after, work)) {
    const start = from - moved
    ops.push(codePoints(before.slice(done, start)), inserted, {
      d: codePoints(before.slice(start, start + removed)),
    })
    done = start + removed
    moved += inserted.length - removed
  }
  return textUnicode.normalize(ops) as Json
}
