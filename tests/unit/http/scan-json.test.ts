import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanJson } from '#lib/http/scan-json.ts'
import { JSON_DEPTH_MAX, JSON_KEYS_MAX } from '#lib/protocol/limits.ts'
import { cases } from '#tests/support/cases.ts'
import { anyJson, anyObject } from '#tests/support/engine-arbitraries.ts'

const scan = (text: string) => scanJson(Buffer.from(text), 'list')
const textsOf = (text: string): string[] | null => {
  const { places } = scan(text)
  const bytes = Buffer.from(text)
  return places && pairs(places).map(([start, end]) => bytes.toString('utf8', start, end))
}
const pairs = (places: readonly number[]) =>
  Array.from({ length: places.length / 2 }, (_, i) => [places[2 * i], places[2 * i + 1]] as const)

describe('what the bytes of JSON tell', () => {
  it('are the texts of a list’s objects, wherever the list stands and however it is spelled', () => {
    const others = fc.array(fc.tuple(fc.string(), anyJson), { maxLength: 3 })
    fc.assert(
      fc.property(others, fc.array(anyObject), others, fc.nat(2), (before, list, after, space) => {
        const around = (entries: readonly (readonly [string, unknown])[]) =>
          entries.filter(([key]) => key !== 'list')
        const texts = list.map((one) => JSON.stringify(one, null, space))
        const entries = [...around(before), ['list', list] as const, ...around(after)]
        const members = entries.map(([key, value]) =>
          value === list
            ? `"list" : [ ${texts.join(' ,')}]`
            : `${JSON.stringify(key)}:${JSON.stringify(value, null, space)}`,
        )
        const isDisguised = entries.some(([key]) => JSON.stringify(key).includes('\\'))
        expect(textsOf(`{${members.join(',')}}`)).toEqual(isDisguised ? null : texts)
      }),
      { numRuns: cases(500) },
    )
  })

  it('are those of the last list, and none where a key may be the list in disguise', () => {
    expect(textsOf('{"list":[{"a":1}],"list":[{"b":2}]}')).toEqual(['{"b":2}'])
    expect(textsOf('{"list":[{"a":1}],"l\\u0069st":[{"b":2}]}')).toBeNull()
    expect(textsOf('{"list":{"x":[{"a":1}]}}')).toEqual([])
    expect(textsOf('{"x":{"list":[{"a":1}]}}')).toEqual([])
    expect(textsOf('[{"list":[{"a":1}]}]')).toEqual([])
    expect(textsOf('{"list":[1,"}{",[{"a":1}],{"a":"]}\\""}]}')).toEqual(['[{"a":1}]', '{"a":"]}\\""}'])
  })

  it('[check 28] are depth and keys, within bounds and past them', () => {
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    const wide = (keys: number): string => `{${Array.from({ length: keys }, (_, i) => `"${i}":1`).join(',')}}`
    expect([deep(JSON_DEPTH_MAX), deep(JSON_DEPTH_MAX + 1)].map((text) => scan(text).isWithinShape)).toEqual([
      true,
      false,
    ])
    expect([wide(JSON_KEYS_MAX), wide(JSON_KEYS_MAX + 1)].map((text) => scan(text).isWithinShape)).toEqual([
      true,
      false,
    ])
    expect(scan(`"${'['.repeat(99)}"`).isWithinShape).toBe(true)
  })

  it('[check 28] cost a look or two at each byte, and none past the bound that was passed', () => {
    const looksAt = (text: string): number => {
      const bytes = Buffer.from(text)
      let looks = 0
      const watched = new Proxy(bytes, {
        get(target, key) {
          if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
      scanJson(watched, 'mutations')
      return looks
    }
    const SIZE = 32 * 1024
    expect(looksAt('['.repeat(SIZE))).toBeLessThanOrEqual(JSON_DEPTH_MAX + 1)
    expect(looksAt('{"a":'.repeat(SIZE / 5))).toBeLessThanOrEqual(2 * 5 * (JSON_DEPTH_MAX + 2))
    const wide = `{${'"a":1,'.repeat(SIZE / 6)}"b":1}`
    expect(looksAt(wide)).toBeLessThanOrEqual(2 * 7 * (JSON_KEYS_MAX + 2))
    for (const whole of [
      `"${'a'.repeat(SIZE)}"`,
      `"${'\\"'.repeat(SIZE / 2)}"`,
      '9'.repeat(SIZE),
      ' '.repeat(SIZE),
    ])
      expect(looksAt(whole)).toBeLessThanOrEqual(3 * SIZE)
  })

  it('are numbers that a double may not hold', () => {
    const long = `1${'0'.repeat(250)}`
    const texts = [
      `${long}e99`,
      `${long}`,
      '1e400',
      '[1E+999]',
      '1e99',
      `${'9'.repeat(400)}`,
      '"1e400"',
      '12e3',
      '{"a":-1.5e308}',
    ]
    expect(texts.map((text) => scan(text).mayOverflow)).toEqual([
      true,
      true,
      true,
      true,
      false,
      true,
      false,
      false,
      true,
    ])
  })
})
