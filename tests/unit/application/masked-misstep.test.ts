import { describe, expect, test } from 'vitest'
import { maskedMisstep } from '#lib/application/dead-letters/masked-misstep.ts'
import type { PatchStep } from '#lib/engine/json-patch.ts'
import { maskedPaths } from '#lib/protocol/masked-fields.ts'

const PATHS = maskedPaths(['/secret', '/people/*/name', '/pair/1', '/deep/in/it'])
const said = (...steps: readonly PatchStep[]) => maskedMisstep(steps, PATHS)
const copy = (from: string, path: string): PatchStep => ({ op: 'copy', from, path })
const move = (from: string, path: string): PatchStep => ({ op: 'move', from, path })

describe('[DL20] a JSON Patch over masked fields', () => {
  test('takes what is masked to no place where it would be shown', () => {
    expect(said(move('/title', '/heading'), copy('/secret', '/title'))).toBe(
      'step 2 copies what is masked at /secret to /title, where it would be shown',
    )
    for (const step of [
      move('/secret', '/title'),
      copy('/secret/part', '/title'),
      copy('/deep', '/other'),
      copy('/deep/in', '/deep/out'),
      copy('/people/0', '/person'),
      copy('/people/0/name', '/people/0/nick'),
      copy('/people', '/persons'),
      copy('/secret', '/pair/-'),
    ])
      expect(said(step)).toMatch(/ what is masked at /)
  })
  test('takes it to another masked place, and the rest anywhere', () => {
    for (const step of [
      copy('/secret', '/people/0/name'),
      copy('/people/0', '/people/-'),
      copy('/people/0/name', '/secret'),
      copy('/people', '/secret'),
      move('/deep', '/secret'),
      copy('/title', '/secret'),
      move('/people/0/age', '/age'),
    ])
      expect(said(step)).toBeNull()
  })
  test('tells by no trial what is masked', () => {
    expect(said({ op: 'test', path: '/secret', value: 1 })).toBe('step 1 tests /secret, which is masked')
    expect(said({ op: 'test', path: '/deep', value: {} })).toMatch(/which is masked$/)
    expect(said({ op: 'test', path: '/title', value: 1 })).toBeNull()
  })
  test('shifts no element out of a masked place of its list', () => {
    const shifts = /shifts elements of a list of which some are masked/
    expect(said({ op: 'remove', path: '/pair/0' })).toMatch(shifts)
    expect(said({ op: 'add', path: '/pair/0', value: 1 })).toMatch(shifts)
    expect(said(move('/title', '/pair/0'))).toMatch(shifts)
    expect(said({ op: 'replace', path: '/pair/0', value: 1 })).toBeNull()
    expect(said({ op: 'add', path: '/pair/-', value: 1 }, { op: 'remove', path: '/people/0' })).toBeNull()
  })
  test('writes and removes what is masked', () => {
    expect(said({ op: 'replace', path: '/secret', value: 1 }, { op: 'remove', path: '/secret' })).toBeNull()
  })
})
