import { describe, expect, test } from 'vitest'
import { DEVICES_MAX, readOptions } from '../../../scripts/fleet/options.ts'

const KEY = 'tme_0192f0a1-0000-7000-8000-000000000000_x_y'
const base = ['--url', 'http://127.0.0.1:3000', '--enrollment-key', KEY]

describe('npm run fleet, its command line', () => {
  test('url and key are enough: 40 steady devices until they are stopped', () => {
    expect(readOptions(base, 'stores')).toEqual({
      url: 'http://127.0.0.1:3000',
      enrollmentKey: KEY,
      devices: 40,
      seconds: null,
      profile: 'steady',
      seed: 1,
      dir: 'stores',
    })
  })

  test.each([
    [['--url', 'nowhere', '--enrollment-key', KEY], '--url'],
    [['--url', 'http://127.0.0.1:1', '--enrollment-key', 'tmd_x'], '--enrollment-key'],
    [[...base, '--devices', '0'], '--devices'],
    [[...base, '--devices', String(DEVICES_MAX + 1)], '--devices'],
    [[...base, '--devices', '4x'], '--devices'],
    [[...base, '--seconds', '-1'], '--seconds'],
    [[...base, '--profile', 'toString'], '--profile'],
    [[...base, '--speed', '9'], '--speed'],
  ])('%j says what is wrong', (args, word) => {
    expect(readOptions(args, 'stores')).toContain(word)
  })
})
