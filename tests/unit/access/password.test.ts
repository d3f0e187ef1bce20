import { describe, expect, test } from 'vitest'
import {
  hashPassword,
  isOutdated,
  passwordProblem,
  verifyPassword,
} from '#lib/application/access/password.ts'

describe('passwords', () => {
  test('[check 13] are hashed with their parameters and a salt of their own', async () => {
    const [one, two] = await Promise.all([
      hashPassword('correct horse runway'),
      hashPassword('correct horse runway'),
    ])
    expect(one).toMatch(/^scrypt\$32768\$8\$3\$[\w-]+\$[\w-]+$/)
    expect(one).not.toBe(two)
    expect(await verifyPassword('correct horse runway', one)).toBe(true)
    expect(await verifyPassword('correct horse runwaz', one)).toBe(false)
  })

  test('match in every Unicode form', async () => {
    const hash = await hashPassword('Flughafen Köln/Bonn')
    expect(await verifyPassword('Flughafen Köln/Bonn'.normalize('NFD'), hash)).toBe(true)
  })

  test('[check 12] of nobody never match, at the same cost', async () => {
    const hash = await hashPassword('correct horse runway')
    const timeOf = async (stored: string | null) => {
      const from = process.cpuUsage()
      expect(await verifyPassword('some other password', stored)).toBe(false)
      const used = process.cpuUsage(from)
      return used.user + used.system
    }
    // Of before the parameters were raised: as costly all the same.
    const old = (await hashPassword('correct horse runway')).replace('$32768$8$3$', '$32768$8$1$')
    await timeOf(hash)
    const outdated = Math.min(await timeOf(old), await timeOf(old), await timeOf(old))
    const known = Math.min(await timeOf(hash), await timeOf(hash), await timeOf(hash))
    const unknown = Math.min(await timeOf(null), await timeOf(null), await timeOf(null))
    expect(unknown / known).toBeGreaterThan(0.5)
    expect(outdated / unknown).toBeGreaterThan(0.5)
    expect(outdated / unknown).toBeLessThan(2)
  })

  test('[check 10] need 15 characters, may have 64 and more, and nothing else', () => {
    expect(passwordProblem('x7 fourteen ch')).toMatch(/at least 15/)
    expect(passwordProblem('x7 fifteen char')).toBeNull()
    expect(passwordProblem('all lower case with no digit at all')).toBeNull()
    expect(passwordProblem('zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich!!')).toBeNull()
    expect(passwordProblem('a b'.repeat(100))).toMatch(/at most/)
  })

  test.each([
    'passwordpassword',
    'PasswordPassword',
    'correct horse battery staple',
    '123456789012345',
    'passwordassword',
    'Password!20261128',
    'qwertyuiop12345',
    'aaaaaaaabbbbbbb',
    'abcdefghijklmnopqrstuvwxyz',
    'monday monday monday',
    'ｐａｓｓｗｏｒｄ１２３４５６７８',
  ])('[check 10] %s is too common', (text) => expect(passwordProblem(text)).toMatch(/guessers/))

  test.each(['ana.lovelace@example.org', 'Ana Lovelace 2026!', 'lovelace-lovelace9', 'EXAMPLE ana.lovelace'])(
    '[check 10] %s is mostly what its owner is called',
    (text) => expect(passwordProblem(text, ['ana.lovelace@example.org', 'Ana Lovelace'])).not.toBeNull(),
  )

  test('[check 10] a sentence with one’s name in it will do', () => {
    expect(passwordProblem('lovelace walks along the runway', ['ana.lovelace@example.org'])).toBeNull()
  })

  test('[check 13] a hash with weaker parameters than those of today is outdated', async () => {
    const hash = await hashPassword('correct horse runway')
    expect(isOutdated(hash)).toBe(false)
    expect(isOutdated(hash.replace('$32768$', '$16384$'))).toBe(true)
  })
})
