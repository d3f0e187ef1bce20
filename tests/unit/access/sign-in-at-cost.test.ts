import { scryptSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { AccessContext } from '#lib/application/access/context.ts'
import { hashPassword, HASHES_AT_ONCE_MAX } from '#lib/application/access/password.ts'
import { signInByPassword } from '#lib/application/access/sign-in.ts'
import { accessWorld, addUser, PASSWORD } from '#tests/support/access-world.ts'

const EMAIL = 'ana@example.org'
const MORE_THAN_TRIES_TAKEN = 11
const signIn = (ctx: AccessContext, password: string) =>
  signInByPassword(
    ctx,
    { email: EMAIL, password },
    { address: '192.0.2.7', userAgent: null, knownAs: () => null },
  )

/** All others are in `sign-in.mocked.test.ts`, by cheap ones. */
describe('sign-in by passwords at their real cost', () => {
  test('while as many passwords are hashed as this process takes, one waits, and that was no try', async () => {
    const ctx = accessWorld()
    await addUser(ctx, EMAIL, { '*': 'viewer' })
    const busy = Array.from({ length: HASHES_AT_ONCE_MAX }, () => hashPassword('correct horse runway'))
    for (let n = 0; n < MORE_THAN_TRIES_TAKEN; n += 1)
      await expect(signIn(ctx, 'not the password at all')).rejects.toMatchObject({ tidemarkCode: 'shed' })
    await Promise.all(busy)
    expect((await signIn(ctx, PASSWORD)).ok).toBe(true)
  })

  test('[check 13] a hash with the parameters of before is made anew at the next sign-in', async () => {
    const ctx = accessWorld()
    const user = await addUser(ctx, EMAIL, { '*': 'viewer' })
    // As it was made when its parameters were today's: scrypt of the same password and salt.
    const salt = Buffer.alloc(16, 5)
    const key = scryptSync(PASSWORD, salt, 32, { N: 2 ** 14, r: 8, p: 1 })
    const old = ['scrypt', 2 ** 14, 8, 1, salt.toString('base64url'), key.toString('base64url')].join('$')
    const audit = auditEntry(ctx, SYSTEM, { action: 'test', target: 'user' })
    await ctx.storage.access.updateUser(user.id, (now) => ({ next: { ...now, passwordHash: old }, audit }))
    expect((await signIn(ctx, 'not the password at all')).ok).toBe(false)
    expect((await ctx.storage.access.getUser(user.id))?.passwordHash).toBe(old)
    expect((await signIn(ctx, PASSWORD)).ok).toBe(true)
    const renewed = (await ctx.storage.access.getUser(user.id))?.passwordHash
    expect(renewed).toMatch(/^scrypt\$32768\$8\$3\$/)
    expect((await signIn(ctx, PASSWORD)).ok).toBe(true)
    expect((await ctx.storage.access.getUser(user.id))?.passwordHash).toBe(renewed)
  })
})
