import type { ASTNode } from '@marcbachmann/cel-js'
import type { Json } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { calledName, childrenOf, nodesOf, WALKS } from './nodes.ts'
import { OWN_CALLS } from './own-calls.ts'
import type { CelData, Weight } from './values.ts'
import { weightOf } from './values.ts'

/** Read a text whole. */
const READ_TEXT: ReadonlySet<string> = new Set(
  `${OWN_CALLS.contains} lowerAscii upperAscii trim size startsWith endsWith int uint double`.split(' '),
)
const COMPARE: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])
/** What they give is as large as what they are given; anything else gives one value. */
const KEEP: ReadonlySet<string> = new Set(
  '+ ?: list map filter lowerAscii upperAscii trim string dyn'.split(' '),
)
const CHARS_PER_STEP = 64
const ITEMS_PER_STEP = 25
/** A list or an object in another one is looked at longer than a plain value, by its type first. */
const ITEMS_PER_BOX = 10
/** Texts are compared far faster than they are searched. */
const COMPARED_CHARS_PER_STEP = 2_000
/** Of a time in a zone: the platform makes a format for each. */
const ZONE_STEPS = 200

/** What the variable of a walk stands for: how often in all, and how much it is in all. */
interface Walked {
  readonly times: number
  readonly total: Weight
}
type Scope = ReadonlyMap<string, Walked>

/** What is looked into exactly rather than taken for more than it is. */
const ROUGH_STEPS_MAX = 2_000

/**
 * How many steps an expression can take over some data, at the most: a step is a visit of one of its nodes, about a
 * microsecond, and what reads a text or a list whole counts for as many as that takes.
 */
export function costOf(ast: ASTNode): (data: CelData) => number {
  const nodes = nodesOf(ast)
  const names = nodes.map(nameOf)
  const isPlain = !names.some((name) => WALKS.has(name) || name.startsWith('get'))
  const reads =
    nodes.filter((node) => isReading(node)).length * (1 + names.filter((name) => name === '+').length)
  return (data) => {
    const { weight } = data
    // Most documents are small, and most rules read little of them: that is told at once.
    const rough = nodes.length + reads * (comparison(weight) + weight.chars / CHARS_PER_STEP)
    return isPlain && rough <= ROUGH_STEPS_MAX ? rough : stepsOf(ast, data.values)
  }
}

/**
 * Exactly: what a walk's variable names is in all no more than the list that it walks over, so that nested walks over
 * lists within a list are what they are.
 */
function stepsOf(ast: ASTNode, data: Readonly<Record<string, Json>>): number {
  const weights = new Map<Json, Weight>()
  const weigh = (value: Json): Weight => {
    const known = weights.get(value) ?? weightOf(value)
    weights.set(value, known)
    return known
  }

  /** Of `times` evaluations of a node. */
  function visit(node: ASTNode, times: number, scope: Scope): number {
    const name = nameOf(node)
    const walk = WALKS.has(name) ? walkOf(node) : null
    if (!walk) {
      const below = childrenOf(node).reduce((sum, child) => sum + visit(child, times, scope), 0)
      return times + read(node, name, times, scope) + below
    }
    const inside = { times: lengthOf(walk.list, times, scope), total: sizeOf(walk.list, times, scope) }
    return (
      times +
      visit(walk.list, times, scope) +
      visit(walk.body, inside.times, new Map([...scope, [walk.variable, inside]]))
    )
  }

  /** What it takes to read what the node is given. */
  function read(node: ASTNode, name: string, times: number, scope: Scope): number {
    if (!isReading(node))
      return name.startsWith('get') && childrenOf(node).length > 1 ? times * ZONE_STEPS : 0
    const sizes = () => childrenOf(node).map((child) => sizeOf(child, times, scope))
    if (COMPARE.has(name)) {
      const [left, right] = sizes() as [Weight, Weight]
      return comparison(both(left, right, Math.min))
    }
    if (name === 'in') return comparison(sizes()[1] as Weight)
    if (name === '+') return comparison(sizes().reduce(plus))
    return sizes().reduce(plus).chars / CHARS_PER_STEP
  }

  /** All that a node gives in so many evaluations. */
  function sizeOf(node: ASTNode, times: number, scope: Scope): Weight {
    const concrete = valueOf(node, scope)
    if (concrete) return scaled(weigh(concrete.value), times)
    if (node.op === 'value') return scaled(weightOf(typeof node.args === 'string' ? node.args : null), times)
    if (node.op === 'id') {
      const walked = scope.get(node.args)
      return walked && walked.times > 0 ? scaled(walked.total, times / walked.times) : NOTHING
    }
    if (node.op === '.' || node.op === '[]') return sizeOf(node.args[0], times, scope)
    const name = nameOf(node)
    const each = KEEP.has(name) ? partsOf(node).map((part) => sizeOf(part, times, scope)) : []
    return each.reduce(plus, { ...NOTHING, items: times })
  }

  /** How many items a walk over it visits. */
  function lengthOf(list: ASTNode, times: number, scope: Scope): number {
    const concrete = valueOf(list, scope)
    if (concrete) return times * ownLength(concrete.value)
    if (list.op === 'list' || list.op === 'map') return times * list.args.length
    if (list.op === '+') return list.args.reduce((sum, part) => sum + lengthOf(part, times, scope), 0)
    if (calledName(list) === 'filter') return lengthOf(partsOf(list)[0] as ASTNode, times, scope)
    return sizeOf(list, times, scope).items
  }

  /** The value of a path from the data on, where it can be told; undefined as its value where there is none. */
  function valueOf(node: ASTNode, scope: Scope): { readonly value: Json } | null {
    if (node.op === 'id') {
      return !scope.has(node.args) && Object.hasOwn(data, node.args)
        ? { value: data[node.args] as Json }
        : null
    }
    const part = partOf(node)
    const whole = part && valueOf(part.of, scope)
    if (!whole) return null
    const { key } = part
    const { value } = whole
    if (Array.isArray(value)) return { value: (value as readonly Json[])[Number(key)] ?? null }
    return { value: isJsonObject(value) && Object.hasOwn(value, key) ? (value[key] as Json) : null }
  }

  return visit(ast, 1, new Map())
}

const nameOf = (node: ASTNode): string => calledName(node) ?? node.op

/** Whether it reads what it is given whole. What is compared with a value that stands there is read no further. */
function isReading(node: ASTNode): boolean {
  const name = nameOf(node)
  if (COMPARE.has(name)) return !childrenOf(node).some((child) => child.op === 'value')
  return name === 'in' || name === '+' || READ_TEXT.has(name)
}

function walkOf(node: ASTNode): { list: ASTNode; variable: string; body: ASTNode } | null {
  if (node.op !== 'rcall') return null
  const [, list, [variable, body]] = node.args
  return variable?.op === 'id' && body ? { list, variable: variable.args, body } : null
}

/** What a value is made of; of a filter only what it takes from. */
function partsOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === '?:') return node.args.slice(1)
  return node.op === 'rcall' ? [node.args[1]] : childrenOf(node)
}

/** A member that is named in the expression itself. */
function partOf(node: ASTNode): { readonly of: ASTNode; readonly key: string } | null {
  if (node.op === '.') return { of: node.args[0], key: node.args[1] }
  if (node.op !== '[]') return null
  const [of, { op, args }] = node.args
  const isNamed = op === 'value' && ['string', 'bigint', 'number'].includes(typeof args)
  return isNamed ? { of, key: String(args) } : null
}

const ownLength = (value: Json): number =>
  typeof value === 'object' && value !== null ? Object.keys(value).length : 0

const NOTHING: Weight = { items: 0, boxes: 0, chars: 0 }

const comparison = ({ items, boxes, chars }: Weight): number =>
  (items + boxes * ITEMS_PER_BOX) / ITEMS_PER_STEP + chars / COMPARED_CHARS_PER_STEP

/** The same of each part of two. */
const both = (a: Weight, b: Weight, of: (x: number, y: number) => number): Weight => ({
  items: of(a.items, b.items),
  boxes: of(a.boxes, b.boxes),
  chars: of(a.chars, b.chars),
})

const plus = (a: Weight, b: Weight): Weight => both(a, b, (x, y) => x + y)
const scaled = (weight: Weight, times: number): Weight => both(weight, NOTHING, (x) => x * times)
