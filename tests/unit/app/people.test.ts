import { describe, expect, it } from 'vitest'
import {
  operatorKeysSentence,
  operatorKeyState,
  opensChoices,
} from '../../../app/(console)/settings/keys/operator-key-words.ts'
import { pageAfter, SETTINGS_ROWS_MAX } from '../../../app/(console)/settings/page-after.ts'
import {
  INVITATIONS_SHOWN_MAX,
  invitationsNote,
  openText,
  peopleSentence,
  personState,
} from '../../../app/(console)/settings/people/people-words.ts'
import { presetScope, rolesText, scopeChoices } from '../../../app/(console)/settings/role-words.ts'

const NOW = 1_000_000
const DAY_MS = 86_400_000
const person = (changes: Partial<Parameters<typeof personState>[0]> = {}) => ({
  roles: { '*': 'viewer' } as const,
  disabled: false,
  lastSeenMs: 5,
  ...changes,
})

describe('people in words', () => {
  it('a list of invitations that is cut says so, and of how many', () => {
    expect(invitationsNote(INVITATIONS_SHOWN_MAX)).toBe('closed ones are listed for 90 days')
    expect(invitationsNote(INVITATIONS_SHOWN_MAX + 1)).toBe(
      'the newest 100 of 101 that the API lists; closed ones are listed for 90 days',
    )
  })
  it('the sentence counts who can sign in, and who administers every fleet', () => {
    const admin = person({ roles: { '*': 'admin' } })
    expect(peopleSentence([person()], '')).toBe('1 person can sign in')
    expect(peopleSentence([person(), admin, person({ disabled: true })], '')).toBe(
      '2 people can sign in; 1 of them administers every fleet',
    )
    expect(peopleSentence([admin, admin, { ...admin, disabled: true }], '')).toBe(
      '2 people can sign in; 2 of them administer every fleet',
    )
    expect([peopleSentence([], 'ada'), peopleSentence([person(), admin], 'ada')]).toEqual([
      'Nobody matches this search',
      '2 people match',
    ])
  })

  it('where somebody stands', () => {
    const word = (changes: Parameters<typeof person>[0]) => personState(person(changes)).word
    expect([word({}), word({ lastSeenMs: null }), word({ roles: {} }), word({ disabled: true })]).toEqual([
      'active',
      'never signed in',
      'no role',
      'disabled',
    ])
  })

  it('roles name their fleets, every fleet first', () => {
    const fleets = [{ id: 'a', name: 'Airfield US' }]
    expect(rolesText({ a: 'viewer', '*': 'operator' }, fleets)).toBe(
      'operator of every fleet; viewer of Airfield US',
    )
    expect([rolesText({}, fleets), rolesText({ b: 'admin' }, fleets)]).toEqual([
      'no role',
      'admin of a fleet',
    ])
  })

  it('roles are given where one administers, in every fleet by who administers all', () => {
    const fleets = [
      { id: 'a', name: 'A', role: 'admin' },
      { id: 'b', name: 'B', role: 'viewer' },
    ] as const
    const values = (everywhere: boolean) => scopeChoices(fleets, everywhere).map(({ value }) => value)
    expect([values(false), values(true)]).toEqual([['a'], ['a', '*']])
  })

  it('a role is shown first where the person has one, every fleet before others', () => {
    const scopes = [{ value: 'a' }, { value: 'b' }, { value: '*' }]
    const preset = (roles: Parameters<typeof presetScope>[0]) => presetScope(roles, scopes)
    expect([preset({ b: 'operator' }), preset({ b: 'viewer', '*': 'admin' }), preset({})]).toEqual([
      'b',
      '*',
      'a',
    ])
  })

  it('open invitations are counted', () => {
    expect(openText([{ state: 'open' }, { state: 'revoked' }])).toBe('1 open invitation')
    expect(openText([])).toBe('0 open invitations')
  })
})

describe('operator keys in words', () => {
  const key = (expiresAtMs: number | null, revokedAtMs: number | null = null) => ({
    expiresAtMs,
    revokedAtMs,
  })

  it('one that ends within 14 days says so before it does', () => {
    const word = (expiresAtMs: number | null, revokedAtMs?: number) =>
      operatorKeyState(key(expiresAtMs, revokedAtMs ?? null), NOW).word
    expect([word(null), word(NOW + 14 * DAY_MS), word(NOW + 14 * DAY_MS - 1)]).toEqual([
      'open',
      'open',
      'ends soon',
    ])
    expect([word(NOW), word(NOW + 1, 3)]).toEqual(['expired', 'revoked'])
  })

  it('the sentence counts those that open something', () => {
    expect(operatorKeysSentence([key(NOW), key(null, 1)], NOW)).toBe('No program comes in by a key')
    expect(operatorKeysSentence([key(null)], NOW)).toBe('1 key lets programs in')
    expect(operatorKeysSentence([key(null), key(NOW + DAY_MS)], NOW)).toBe(
      '2 keys let programs in; 1 of them ends within 14 days',
    )
  })
})

describe('a page of settings', () => {
  it('goes on behind the row that its address names, and ends', () => {
    const rows = Array.from({ length: SETTINGS_ROWS_MAX + 1 }, (_, n) => ({ id: String(n) }))
    const first = pageAfter(rows, null)
    expect([first.items.length, first.next]).toEqual([SETTINGS_ROWS_MAX, String(SETTINGS_ROWS_MAX - 1)])
    expect(pageAfter(rows, first.next)).toEqual({ items: [rows.at(-1)], next: null })
    expect(pageAfter(rows, 'nothing').items[0]).toEqual(rows[0])
  })
})

describe('what a new operator key opens', () => {
  it('/metrics tells of every fleet, so a key of one fleet has no choice of it', () => {
    expect(opensChoices('*').map(({ value }) => value)).toEqual(['', 'metrics'])
    expect(opensChoices('01890000-0000-7000-8000-00000000abcd')).toEqual([])
  })
})
