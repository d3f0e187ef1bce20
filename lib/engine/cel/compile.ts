import type { ASTNode, Environment as CelEnvironment } from '@marcbachmann/cel-js'
import { Environment } from '@marcbachmann/cel-js'
import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import { CEL_LENGTH_MAX } from '#lib/protocol/limits.ts'
import type { PushWork } from '../push-work.ts'
import { spend } from '../push-work.ts'
import { fromCel, heaviest, largestSize, toCel } from './values.ts'

const NODES_MAX = 300
const DEPTH_MAX = 24
const LIST_ITEMS_MAX = 100
/**
 * How often an evaluation may visit a node of its expression, in the worst case over the data it is given. A visit takes
 * about a microsecond; one that reads a value whole counts for as many as that takes.
 */
export const CEL_STEPS_MAX = 100_000
const COMPILED_MAX = 1_000
/** Of PushWork, half a microsecond each. */
const UNITS_PER_STEP = 2

/** Walk a list; each nesting multiplies the work by the list's length. */
const WALKS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter'])
/** Read a text whole, and a list or an object whole. */
const READ_TEXT: ReadonlySet<string> = new Set(['contains', 'lowerAscii', 'upperAscii', 'trim', 'size'])
const READ_VALUE: ReadonlySet<string> = new Set(['in', '==', '!=', '+'])
const CHARS_PER_STEP = 64
const ITEMS_PER_STEP = 25
/** Texts are compared far faster than they are searched. */
const COMPARED_CHARS_PER_STEP = 2_000

/**
 * Everything that may be called. Left out: `matches` (its expressions can take exponential time), `map` and
 * `cel.bind` (with `+` they could double a value again and again).
 */
const CALLS: ReadonlySet<string> = new Set(
  [
    'all exists exists_one filter has size contains startsWith endsWith lowerAscii upperAscii trim',
    'int uint double string bool dyn type timestamp duration',
    'getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds',
  ].flatMap((names) => names.split(' ')),
)

export interface CelFault {
  readonly message: string
  /** Offset in the expression, in UTF-16 units; null where no place is to blame. */
  readonly position: number | null
}

export interface CompiledCel {
  /** Whether this is what the expression is about: `new == null` and `null != new` compare `new` with null. */
  readonly comparesWithNull: (variable: string) => boolean
  /** First names read off a variable (`doc.a.b` reads `a`); null when it is used as a whole. */
  readonly fieldsOf: (variable: string) => ReadonlySet<string> | null
  /** The value, as JSON. Never throws; takes bounded time whatever the data, which is noted in `work`. */
  readonly evaluate: (data: Readonly<Record<string, Json>>, work?: PushWork) => Result<Json, string>
}

const environments = new Map<string, CelEnvironment>()
const compiled = new Map<string, Result<CompiledCel, CelFault>>()

/**
 * Compiles a CEL expression over these variables (engine.md, business rules). JSON's numbers are doubles, and whole
 * numbers may be mixed with them. `outcome` is what it must give, as far as that can be told before it runs.
 */
export function compileCel(
  text: string,
  variables: readonly string[],
  outcome: 'bool' | 'any',
): Result<CompiledCel, CelFault> {
  const key = JSON.stringify([variables, outcome, text])
  const known = compiled.get(key)
  if (known) return known
  const made = compile(text, variables, outcome)
  if (compiled.size >= COMPILED_MAX) compiled.delete(compiled.keys().next().value as string)
  compiled.set(key, made)
  return made
}

function compile(
  text: string,
  variables: readonly string[],
  outcome: 'bool' | 'any',
): Result<CompiledCel, CelFault> {
  if (text.length > CEL_LENGTH_MAX)
    return err({ message: `longer than ${CEL_LENGTH_MAX} characters`, position: null })
  try {
    const parsed = environmentOf(variables).parse(text)
    const foreign = findForeign(parsed.ast)
    if (foreign) return err(foreign)
    const checked = parsed.check()
    if (!checked.valid) return err(faultOf(checked.error))
    if (outcome === 'bool' && checked.type !== 'bool' && checked.type !== 'dyn')
      return err({ message: `gives ${checked.type}, must give true or false`, position: 0 })
    const nodes = nodesOf(parsed.ast)
    const depth = walkDepth(parsed.ast)
    const [texts, values] = [READ_TEXT, READ_VALUE].map(
      (names) => nodes.filter((node) => names.has(calledName(node) ?? node.op)).length,
    ) as [number, number]
    const steps = (data: Readonly<Record<string, Json>>, longest: number): number => {
      const { items, chars } = heaviest(data)
      const whole =
        texts * (chars / CHARS_PER_STEP) + values * (items / ITEMS_PER_STEP + chars / COMPARED_CHARS_PER_STEP)
      return (nodes.length + whole) * longest ** depth
    }
    return ok({
      comparesWithNull: (variable) => nodes.some((node) => isNullTest(node, variable)),
      fieldsOf: (variable) => fieldsOf(nodes, variable),
      evaluate: (data, work) => {
        const longest = largestSize(data)
        if (depth > 0 && steps(data, Math.max(longest, LIST_ITEMS_MAX)) > CEL_STEPS_MAX)
          return err('the lists of the document are too long for this expression')
        if (work) spend(work, UNITS_PER_STEP * steps(data, longest))
        try {
          const context = Object.fromEntries(
            Object.entries(data).map(([name, value]) => [name, toCel(value)]),
          )
          return fromCel(parsed(context))
        } catch (error) {
          return err(faultOf(error).message)
        }
      },
    })
  } catch (error) {
    return err(faultOf(error))
  }
}

const MIXED: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}

function environmentOf(variables: readonly string[]): CelEnvironment {
  const key = variables.join()
  const known = environments.get(key)
  if (known) return known
  const limits = {
    maxAstNodes: NODES_MAX,
    maxDepth: DEPTH_MAX,
    maxListElements: LIST_ITEMS_MAX,
    maxMapEntries: LIST_ITEMS_MAX,
    maxCallArguments: 8,
  }
  const made = new Environment({ homogeneousAggregateLiterals: false, limits })
  for (const name of variables) made.registerVariable(name, 'dyn')
  for (const [sign, apply] of Object.entries(MIXED)) {
    made.registerOperator(`double ${sign} int`, (a: number, b: bigint) => apply(a, Number(b)))
    made.registerOperator(`int ${sign} double`, (a: bigint, b: number) => apply(Number(a), b))
  }
  made.registerOperator('double % double', (a: number, b: number) => a % b)
  environments.set(key, made)
  return made
}

/** The first call that isn't available. */
function findForeign(ast: ASTNode): CelFault | null {
  const foreign = nodesOf(ast).find((node) => {
    const name = calledName(node)
    return name !== null && !CALLS.has(name)
  })
  return foreign
    ? { message: `${calledName(foreign)}() is not available here`, position: foreign.start }
    : null
}

const calledName = (node: ASTNode): string | null =>
  node.op === 'call' || node.op === 'rcall' ? node.args[0] : null

function childrenOf(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = []
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) collect(item)
    else if (isNode(value)) found.push(value)
  }
  collect(node.args)
  return found
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value

const nodesOf = (node: ASTNode): readonly ASTNode[] => [node, ...childrenOf(node).flatMap(nodesOf)]

function walkDepth(node: ASTNode): number {
  const below = childrenOf(node).reduce((max, child) => Math.max(max, walkDepth(child)), 0)
  const name = calledName(node)
  return below + (name !== null && WALKS.has(name) ? 1 : 0)
}

function isNullTest(node: ASTNode, variable: string): boolean {
  if (node.op !== '==' && node.op !== '!=') return false
  const [left, right] = node.args
  const named = (side: ASTNode): boolean => side.op === 'id' && side.args === variable
  const isNull = (side: ASTNode): boolean => side.op === 'value' && side.args === null
  return (named(left) && isNull(right)) || (isNull(left) && named(right))
}

function fieldsOf(nodes: readonly ASTNode[], variable: string): ReadonlySet<string> | null {
  const isVariable = (node: ASTNode): boolean => node.op === 'id' && node.args === variable
  const fields = nodes.flatMap((node): string[] => {
    if (node.op === '.' && isVariable(node.args[0])) return [node.args[1]]
    if (node.op !== '[]' || !isVariable(node.args[0])) return []
    const index = node.args[1]
    return index.op === 'value' && typeof index.args === 'string' ? [index.args] : []
  })
  return fields.length === nodes.filter(isVariable).length ? new Set(fields) : null
}

/** The library's errors know where they are; anything else is told by its message. */
function faultOf(error: unknown): CelFault {
  if (!(error instanceof Error)) return { message: String(error), position: null }
  const { summary, range } = error as { summary?: unknown; range?: { start?: unknown } }
  return {
    message: typeof summary === 'string' ? summary : error.message,
    position: typeof range?.start === 'number' ? range.start : null,
  }
}
