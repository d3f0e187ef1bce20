import type { ASTNode, Environment as CelEnvironment } from '@marcbachmann/cel-js'
import { Environment } from '@marcbachmann/cel-js'
import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import { CEL_LENGTH_MAX } from '#lib/protocol/limits.ts'
import type { PushWork } from '../push-work.ts'
import { spend } from '../push-work.ts'
import { costOf } from './cost.ts'
import { calledName, nodesOf } from './nodes.ts'
import { asWritten, OWN_CALLS, registerOwnCalls } from './own-calls.ts'
import { CelData, fromCel } from './values.ts'

const NODES_MAX = 300
const DEPTH_MAX = 24
const LIST_ITEMS_MAX = 100
/** How many steps an evaluation may take, in the worst case over the data it is given; one is about a microsecond. */
export const CEL_STEPS_MAX = 100_000
const COMPILED_MAX = 1_000
/** The library repeats whole texts of a document. */
const MESSAGE_CHARS_MAX = 300
/** Of PushWork, half a microsecond each. */
const UNITS_PER_STEP = 2

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
  readonly evaluate: (data: CelData | Readonly<Record<string, Json>>, work?: PushWork) => Result<Json, string>
}

const environments = new Map<string, CelEnvironment>()
const compiled = new Map<string, Result<CompiledCel, CelFault>>()

/**
 * Compiles a CEL expression over these variables (BL1). JSON's numbers are doubles, and whole
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
    renameCalls(parsed.ast)
    const checked = parsed.check()
    if (!checked.valid) return err(faultOf(checked.error))
    if (outcome === 'bool' && checked.type !== 'bool' && checked.type !== 'dyn')
      return err({ message: `gives ${checked.type}, must give true or false`, position: 0 })
    const nodes = nodesOf(parsed.ast)
    const cost = costOf(parsed.ast)
    return ok({
      comparesWithNull: (variable) => nodes.some((node) => isNullTest(node, variable)),
      fieldsOf: (variable) => fieldsOf(nodes, variable),
      evaluate: (over, work) => {
        const data = over instanceof CelData ? over : new CelData(over)
        const steps = cost(data)
        const isTooMuch = steps > CEL_STEPS_MAX
        // To weigh the data takes about as long as to read it.
        if (work) spend(work, UNITS_PER_STEP * ((isTooMuch ? 0 : steps) + data.stepsToRead()))
        if (isTooMuch) return err('the lists and texts of the document are too long for this expression')
        try {
          return withoutTraces(() => fromCel(parsed(data.read())))
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
  registerOwnCalls(made)
  environments.set(key, made)
  return made
}

/**
 * A part that fails, as of each item that has no such field, is an error of the library's: with its stack traced it took
 * thirty steps' time.
 */
function withoutTraces<T>(run: () => T): T {
  const traced = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return run()
  } finally {
    Error.stackTraceLimit = traced
  }
}

function renameCalls(ast: ASTNode): void {
  for (const node of nodesOf(ast)) {
    const name = calledName(node)
    const own = name === null ? undefined : OWN_CALLS[name]
    if (own !== undefined) (node.args as [string, ...unknown[]])[0] = own
  }
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
  const said = typeof summary === 'string' ? summary : error.message
  return {
    message: asWritten(said.slice(0, MESSAGE_CHARS_MAX)),
    position: typeof range?.start === 'number' ? range.start : null,
  }
}
