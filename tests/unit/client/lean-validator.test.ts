import { Validator } from '@cfworker/json-schema'
import type { Schema } from '@cfworker/json-schema'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { FORMATS, KEYWORDS, checkSchema } from '#lib/engine/check-schema.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { leanValidator } from '../../../scripts/sdk/lean-validator.ts'

const STRING: JsonObject = { type: 'string' }
/** Values to try under a keyword; those that the keyword can't have are left out by the check of schemas. */
const UNDER = (
  JSON.parse(`[true, false, ["integer", "null"], 1, 2, 0.1, ["a"], { "a": ["b"] }, "a", "string", "#/$defs/x",
    { "type": "string" }, [{ "type": "string" }, { "type": "number" }], { "a": { "type": "string" }, "b": { "minimum": 2 } }]`) as Json[]
).concat([...FORMATS])
const DOCUMENTS =
  JSON.parse(`[null, true, 0, 1, 2, 0.3, "a", "ab", "", [], ["a"], ["a", "a"], [1, "b", 2], {}, { "a": "x" },
  { "b": 1 }, { "a": 1, "b": 3 }, { "c": null }, "2026-02-29", "2026-11-26", "10:00:00Z", "2026-11-26T10:00:60Z", "P1D",
  "a@b.example", "a..b@c", "host.example", "-host", "10.0.0.1", "10.0.0.256", "::1", ":::", "http://a/b", "/a~0", "/a~2",
  "urn:x", "01900000-0000-7000-8000-00000000f1ee"]`) as readonly Json[]
const schemas = [...KEYWORDS.keys()].flatMap((keyword) =>
  UNDER.flatMap((value): JsonObject[] => {
    const alone = { $defs: { x: STRING }, [keyword]: value }
    const beside = { ...alone, properties: { a: true }, ...alone, if: { minimum: 1 }, prefixItems: [true] }
    return [alone, beside, { ...beside, [keyword]: value }].filter((schema) => checkSchema(schema).ok)
  }),
)

test('[JS2] the validator of the SDK judges as the whole one does', async () => {
  const { outputFiles } = await build({
    stdin: { contents: `export { Validator } from '@cfworker/json-schema'`, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    plugins: [leanValidator],
  })
  const text = outputFiles[0]?.text ?? ''
  expect(text.includes('/patternProperties')).toBe(false)
  const url = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`
  const lean = (await import(/* @vite-ignore */ url)) as { Validator: typeof Validator }
  expect(new Set(schemas.flatMap((schema) => Object.keys(schema))).size).toBe(KEYWORDS.size)
  for (const schema of schemas) {
    const [whole, own] = [Validator, lean.Validator].map(
      (Each) => new Each(structuredClone(schema) as Schema, '2020-12', true),
    )
    for (const document of DOCUMENTS)
      expect(own?.validate(document), JSON.stringify([schema, document])).toEqual(whole?.validate(document))
  }
})
