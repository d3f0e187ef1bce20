import { expect, it } from 'vitest'
import { jsonLog } from '#lib/application/json-log.ts'

const HOSTILE = [
  'a\n{"at":"2026-01-01T00:00:00.000Z","level":"error","message":"forged"}',
  'a\r\nb',
  'a\u2028b\u2029c',
  '\u001b[2K\u001b[1A wiped',
  '\u0000\u0007\u0008',
  '"}\n{"',
  '\ud800',
  '${jndi:ldap://x/y}',
]

it('[check 46] an entry is one line of JSON whatever its texts hold, and no field takes the place of level or time', () => {
  const lines: string[] = []
  const log = jsonLog(
    (line) => lines.push(line),
    () => Date.UTC(2026, 10, 28),
  )
  for (const text of HOSTILE) {
    log.info(text, { [text]: text })
    log.warn('said', { name: text })
    log.error('said', { level: 'info', message: text, at: text })
  }
  expect(lines).toHaveLength(3 * HOSTILE.length)
  for (const [n, line] of lines.entries()) {
    expect(line.slice(0, -1)).toMatch(/^[^\p{Cc}]+$/u)
    const read = JSON.parse(line) as Record<string, unknown>
    expect(read).toMatchObject({ at: '2026-11-28T00:00:00.000Z', level: ['info', 'warn', 'error'][n % 3] })
    if (n % 3 !== 0) expect(read['message']).toBe('said')
  }
})
