import fc from 'fast-check'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'toJSON',
  'then',
  'length',
  '',
  '/',
  '/a/-',
  '/__proto__/x',
  '~',
  '-',
  '0',
  'a',
  '\u0000',
  '\ud800',
  '$ref',
  'type',
] as const
const LEAVES: readonly Json[] = [
  null,
  true,
  0,
  -0,
  -1,
  0.5,
  1e308,
  -1e308,
  5e-324,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  '',
  '\u0000',
  '\ud800',
  'x\udc00',
  '1e400',
  '__proto__',
  '00000000-0000-7000-8000-000000000000',
  '2023-11-14T22:13:20.000Z',
  'x'.repeat(20_000),
  '😅'.repeat(500),
]
export const hostileKey = fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 5 }))
const leaf = fc.oneof(
  fc.constantFrom(...LEAVES),
  fc.string({ maxLength: 8 }),
  fc.double({ noNaN: true }).filter(Number.isFinite),
)

/** As text, so that `__proto__` is a key like any other. */
const objectText = (entries: readonly (readonly [string, Json])[]): JsonObject =>
  JSON.parse(
    `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`,
  ) as JsonObject

const { value: nested } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(hostileKey, tie('value')), { maxLength: 4 }).map(objectText),
  ),
}))
const chain = fc
  .tuple(leaf, fc.array(fc.constantFrom(...KEYS), { minLength: 20, maxLength: 31 }))
  .map(([value, keys]) => keys.reduce<Json>((inside, key) => objectText([[key, inside]]), value))
const wide = fc
  .tuple(leaf, fc.constantFrom(1_000, 5_000))
  .map(([value, n]): Json =>
    Array.from({ length: n }, () => (typeof value === 'string' ? value.slice(0, 3) : value)),
  )

/** JSON that no honest sender makes, within what the body's reader lets through (32 levels, 1,000 keys). */
export const hostileJson: fc.Arbitrary<Json> = fc.oneof(
  { weight: 8, arbitrary: nested },
  { weight: 1, arbitrary: chain },
  { weight: 1, arbitrary: wide },
)
export const hostileObject: fc.Arbitrary<JsonObject> = fc
  .array(fc.tuple(hostileKey, hostileJson), { maxLength: 4 })
  .map(objectText)

/** A sound value with something hostile in the place of one or two of its parts, or beside them. */
export const spoiled = (sound: Json): fc.Arbitrary<Json> =>
  fc
    .array(fc.tuple(fc.array(fc.nat(9), { maxLength: 6 }), hostileKey, hostileJson, fc.nat(3)), {
      minLength: 0,
      maxLength: 2,
    })
    .map((changes) =>
      changes.reduce<Json>((value, [way, key, part, how]) => spoil(value, way, key, part, how), sound),
    )

function spoil(value: Json, [turn, ...way]: readonly number[], key: string, part: Json, how: number): Json {
  const isList = Array.isArray(value)
  if (turn === undefined || (!isList && !isJsonObject(value))) return part
  if (isList) {
    const items = value as readonly Json[]
    if (items.length === 0) return [part]
    const at = turn % items.length
    return items.with(at, spoil(items[at] as Json, way, key, part, how))
  }
  const entries = Object.entries(value as JsonObject)
  if (entries.length === 0 || (how === 0 && way.length === 0)) return objectText([...entries, [key, part]])
  const at = turn % entries.length
  return objectText(
    entries.map(
      ([name, inside], i) => [name, i === at ? spoil(inside, way, key, part, how) : inside] as const,
    ),
  )
}

const namesOf = (): string =>
  [Object.prototype, Array.prototype, Function.prototype, String.prototype]
    .map((prototype) => Object.getOwnPropertyNames(prototype).join())
    .join(' ')
const CLEAN = namesOf()
/** Processor time that one input may take; a stall of the machine is no fault of ours. */
const CPU_MS_MAX = 3_000

/** Runs it and sees that no prototype has changed and that it took bounded time. */
export function bounded<T>(run: () => T): T {
  const before = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(before)
  const spentMs = (user + system) / 1_000
  if (namesOf() !== CLEAN) throw new Error('a prototype was changed')
  if (spentMs > CPU_MS_MAX) throw new Error(`took ${spentMs} ms of processor time`)
  return result
}
