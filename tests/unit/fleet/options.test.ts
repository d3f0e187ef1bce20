import { describe, expect, test } from 'vitest'
import type { FleetOptions } from '../../../scripts/fleet/options.ts'
import { DEVICES_MAX, readOptions } from '../../../scripts/fleet/options.ts'
import { storesDir } from '../../../scripts/fleet/run-fleet.ts'

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

  test('a fleet goes on with its devices at another port and by a new key; another fleet or seed has its own', () => {
    const dirOf = (url: string, key: string, seed = '1') =>
      storesDir(readOptions(['--url', url, '--enrollment-key', key, '--seed', seed], 'd') as FleetOptions)
    const first = dirOf('http://127.0.0.1:3000', KEY)
    expect(dirOf('http://127.0.0.1:4000', KEY.replace('_x_y', '_z_w'))).toBe(first)
    expect(dirOf('http://127.0.0.1:3000', KEY.replace('0192', '0193'))).not.toBe(first)
    expect(dirOf('http://127.0.0.1:3000', KEY, '2')).not.toBe(first)
  })
})
