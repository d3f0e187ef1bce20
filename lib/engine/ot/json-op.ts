import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { defineKey, isJsonObject } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { OtFailure, OtType } from './ot-type.ts'

/** Places that one JSON operation descends to; transforming two takes time in proportion to their product at worst. */
export const JSON_PLACES_MAX = 1_000
/** Levels of a JSON operation; a document has at most 32. */
export const JSON_LEVELS_MAX = 48

/** One place of an operation and what is below it. ot-json1 writes the same as nested lists. */
export interface OpNode {
  readonly component: JsonObject | null
  readonly children: readonly (readonly [key: string | number, node: OpNode])[]
}

const FIELDS: ReadonlySet<string> = new Set(['i', 'r', 'p', 'd', 'es', 'ena'])

/**
 * Reads an operation of ot-json1 as a tree, checking its form: paths of names and indices, the components that the
 * contract knows (no embedded types but text), texts that are operations themselves, numbers that stay numbers.
 */
export function readJsonOp(ops: Json, text: Pick<OtType, 'parse'>): Result<OpNode | null, OtFailure> {
  if (ops === null) return ok(null)
  if (!Array.isArray(ops)) return err('bad_op')
  const budget = { places: JSON_PLACES_MAX }
  return readList(ops as readonly Json[], 0, JSON_LEVELS_MAX, budget, text)
}

function readList(
  list: readonly Json[],
  from: number,
  levels: number,
  budget: { places: number },
  text: Pick<OtType, 'parse'>,
): Result<OpNode, OtFailure> {
  if (levels === 0 || --budget.places < 0) return err('too_large')
  let component: JsonObject | null = null
  const children: [string | number, OpNode][] = []
  for (let i = from; i < list.length; i++) {
    const item = list[i] as Json
    if (isKey(item)) {
      // A path goes on to the list's end: the rest of it is the only child.
      const child =
        children.length === 0 ? readList(list, i + 1, levels - 1, budget, text) : err('bad_op' as const)
      if (!child.ok) return child
      children.push([item, child.value])
      break
    }
    if (Array.isArray(item)) {
      const [key] = item as readonly Json[]
      const child = isKey(key)
        ? readList(item as readonly Json[], 1, levels - 1, budget, text)
        : err('bad_op' as const)
      if (!child.ok) return child
      children.push([key as string | number, child.value])
    } else {
      if (component !== null || children.length > 0 || !isComponent(item)) return err('bad_op')
      const checked = checkComponent(item, text)
      if (!checked.ok) return checked
      component = checked.value
    }
  }
  return ok({ component, children })
}

const isKey = (item: Json | undefined): item is string | number =>
  typeof item === 'string' || (typeof item === 'number' && Number.isSafeInteger(item) && item >= 0)

const isComponent = (item: Json): item is JsonObject =>
  isJsonObject(item) && Object.keys(item).every((key) => FIELDS.has(key))

/** Texts are brought into their plain form, the rest is taken as it is or refused. */
function checkComponent(component: JsonObject, text: Pick<OtType, 'parse'>): Result<JsonObject, OtFailure> {
  for (const slot of ['p', 'd']) {
    const n = component[slot]
    if (n !== undefined && !(typeof n === 'number' && Number.isSafeInteger(n) && n >= 0)) return err('bad_op')
  }
  const { ena, es } = component
  if (ena !== undefined && !(typeof ena === 'number' && Math.abs(ena) <= Number.MAX_SAFE_INTEGER))
    return err('bad_op')
  if (es === undefined) return ok(component)
  const edit = text.parse(es)
  return edit.ok ? ok({ ...component, es: edit.value }) : edit
}

/** The tree as ot-json1 writes it, its names through `name` and its values through `value`. */
export function writeJsonOp(
  node: OpNode | null,
  name: (key: string) => string,
  value: (value: Json) => Json,
): Json {
  return node === null ? null : writeNode(node, name, value)
}

function writeNode(node: OpNode, name: (key: string) => string, value: (value: Json) => Json): Json[] {
  const component = node.component === null ? [] : [writeComponent(node.component, value)]
  const lists = node.children.map(([key, child]): Json[] => [
    typeof key === 'string' ? name(key) : key,
    ...writeNode(child, name, value),
  ])
  return [...component, ...(lists.length === 1 ? (lists[0] as Json[]) : lists)]
}

function writeComponent(component: JsonObject, value: (value: Json) => Json): JsonObject {
  const written: Record<string, Json> = {}
  for (const [key, item] of Object.entries(component))
    defineKey(written, key, key === 'i' ? value(item) : key === 'r' ? true : item)
  return written
}

/** True when some place of the tree has one of these in its component. */
export function touches(node: OpNode, fields: readonly string[]): boolean {
  const { component, children } = node
  if (component !== null && fields.some((field) => Object.hasOwn(component, field))) return true
  return children.some(([, child]) => touches(child, fields))
}
