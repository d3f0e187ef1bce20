import Module, { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { jsonType } from '#lib/engine/ot/json-type.ts'
import type { OtType } from '#lib/engine/ot/ot-type.ts'
import { textType } from '#lib/engine/ot/text-type.ts'
import type { Json } from '#lib/kernel/json.ts'
import { cases } from '#tests/support/cases.ts'
import { noteCases } from '#tests/support/soak-report.ts'

type Generate = (document: Json | undefined) => [Json, Json | undefined]
type Fuzz = (type: object, generate: Generate, iterations: number) => void

const require = createRequire(import.meta.url)

/** The generator of ot-json1 asks for the one of texts by a file that was left out of its package. */
function loadGenerators(): { readonly text: Generate; readonly json: Generate } {
  const textPath = require.resolve('ot-text-unicode/test/genOp.js')
  const jsonPath = require.resolve('ot-json1/test/genOp.js')
  const json = require(jsonPath) as Generate
  const resolver = Module as unknown as { _resolveFilename: (name: string, ...rest: unknown[]) => string }
  const resolve = resolver._resolveFilename
  resolver._resolveFilename = (name, ...rest) => (name === './genTextOp' ? textPath : resolve(name, ...rest))
  require.cache[jsonPath]?.require('./genTextOp')
  resolver._resolveFilename = resolve
  ;(require('ot-json1/dist/log') as { default: { quiet: boolean } }).default.quiet = true
  return { text: require(textPath) as Generate, json }
}

/** Our type as the fuzzer wants one: what we answer with a failure, it must see as one. */
function asLibrary(type: OtType, empty: Json | undefined, count: () => void) {
  const parsed = (op: Json): Json => {
    const read = type.parse(op)
    if (!read.ok) throw new Error(read.error)
    return read.value
  }
  return {
    name: `tidemark ${type.kind}`,
    create: () => empty,
    apply(document: Json | undefined, op: Json) {
      const result = type.apply(document, parsed(op))
      if (!result.ok) throw new Error(result.error)
      return result.value
    },
    transform(op: Json, other: Json, side: 'left' | 'right') {
      count()
      const result = type.transform(parsed(op), parsed(other), side)
      if (!result.ok) throw new Error(result.error)
      return result.value
    },
  }
}

describe('ot-fuzzer', () => {
  beforeAll(() => {
    process.env['SEED'] = process.env['TIDEMARK_SOAK_SEED'] ?? '1'
    for (const method of ['error', 'log', 'time', 'timeEnd', 'warn'] as const)
      vi.spyOn(console, method).mockImplementation(() => undefined)
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  })
  afterAll(() => void vi.restoreAllMocks())

  it.each([
    ['text', textType, '', 60],
    ['JSON', jsonType, { x: 'hi', l: [1, 'whoa', { y: 2 }] }, 15],
  ] as const)('[CS5] finds no divergence of %s', (kind, type, empty, n) => {
    const generators = loadGenerators()
    const fuzz = require('ot-fuzzer') as Fuzz
    let transforms = 0
    const library = asLibrary(type, empty, () => (transforms += 1))
    fuzz(library, kind === 'text' ? generators.text : generators.json, cases(n))
    // A case is two operations past each other, either way; an iteration has some ten of them.
    noteCases(transforms / 2)
    expect(transforms).toBeGreaterThan(n)
  })
})
