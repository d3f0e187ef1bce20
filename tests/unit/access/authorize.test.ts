import { describe, expect, test } from 'vitest'
import {
  authorize,
  authorizeEverywhere,
  authorizeScope,
  roleIn,
  strongestRole,
} from '#lib/application/access/authorize.ts'
import type { Actor } from '#lib/application/context.ts'
import type { Role } from '#lib/storage/ports.ts'

const actor = (roles: Readonly<Record<string, Role>>): Actor => ({ kind: 'user', id: 'u', name: 'U', roles })
const codeOf = (act: () => void): string => {
  try {
    act()
    return 'passes'
  } catch (error) {
    return (error as { tidemarkCode: string }).tidemarkCode
  }
}

describe('authorize', () => {
  test.each([
    ['viewer', 'viewer', 'passes'],
    ['viewer', 'operator', 'forbidden'],
    ['viewer', 'admin', 'forbidden'],
    ['operator', 'viewer', 'passes'],
    ['operator', 'operator', 'passes'],
    ['operator', 'admin', 'forbidden'],
    ['admin', 'viewer', 'passes'],
    ['admin', 'admin', 'passes'],
  ] as const)('%s, where %s is needed: %s', (role, needed, outcome) => {
    expect(codeOf(() => authorize(actor({ f1: role }), 'f1', needed))).toBe(outcome)
    expect(codeOf(() => authorize(actor({ '*': role }), 'f1', needed))).toBe(outcome)
  })

  test('a fleet that the actor has no role in does not exist for it', () => {
    expect(codeOf(() => authorize(actor({ f2: 'admin' }), 'f1', 'viewer'))).toBe('not_found')
    expect(codeOf(() => authorize(actor({}), 'f1', 'viewer'))).toBe('not_found')
    expect(codeOf(() => authorize(actor({}), 'constructor', 'viewer'))).toBe('not_found')
  })

  test('the stronger of the two roles counts', () => {
    expect(roleIn(actor({ '*': 'viewer', f1: 'admin' }), 'f1')).toBe('admin')
    expect(roleIn(actor({ '*': 'admin', f1: 'viewer' }), 'f1')).toBe('admin')
    expect(roleIn(actor({ '*': 'viewer', f1: 'admin' }), 'f2')).toBe('viewer')
    expect(strongestRole(actor({ f1: 'viewer', f2: 'operator' }))).toBe('operator')
  })

  test("a fleet's administrator administers nothing outside it", () => {
    expect(codeOf(() => authorizeEverywhere(actor({ f1: 'admin' }), 'viewer'))).toBe('forbidden')
    expect(codeOf(() => authorizeScope(actor({ f1: 'admin' }), null, 'admin'))).toBe('forbidden')
    expect(codeOf(() => authorizeScope(actor({ f1: 'admin' }), 'f1', 'admin'))).toBe('passes')
  })
})
