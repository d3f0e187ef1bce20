import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { casesByLaw, casesOf, readLedger } from '../../../scripts/soak/ledger.ts'
import { groupOf, readOptions, shareEnd } from '../../../scripts/soak/options.ts'
import { tableOf } from '../../../scripts/soak/trials.ts'

describe('npm run soak', () => {
  it('groups the laws by what they are about', () => {
    expect(groupOf('tests/property/engine/conflict.test.ts')).toBe('merge')
    expect(groupOf('tests/property/engine/crdt/sets.test.ts')).toBe('merge')
    expect(groupOf('tests/property/engine/ot/text.test.ts')).toBe('ot')
    expect(groupOf('tests/property/engine/other.test.ts')).toBe('other')
  })

  it('takes a seed from the time when none is named, and says what is wrong', () => {
    expect(readOptions(['--cases', '5', '--minutes', '0.5'], 7)).toMatchObject({
      cases: 5,
      minutes: 0.5,
      seed: 7,
    })
    expect(readOptions(['--cases', '1.5'], 7)).toMatch('--cases')
    expect(readOptions(['--minutes', 'x'], 7)).toMatch('--minutes')
    expect(readOptions(['--seed', '4294967296'], 7)).toMatch('--seed')
    expect(readOptions(['--groups', 'merge,tides'], 7)).toMatch('there is no tides')
    expect(readOptions(['--groups', 'merge,simulation', '--simulated', '9'], 7)).toMatchObject({
      groups: ['merge'],
      simulated: 9,
    })
    expect(readOptions(['--groups', 'merge'], 7)).toMatchObject({ simulated: 0 })
    expect(readOptions(['--groups', 'server-killed'], 7)).toMatchObject({
      groups: [],
      simulated: 0,
      trials: ['server-killed'],
    })
    expect(readOptions(['--simulated', '0'], 7)).toMatch('--simulated')
    expect(readOptions(['--tides'], 7)).toMatch('--tides')
  })

  it('shows the figures of trials as a table, with how far one came', () => {
    const figures = { lost: 0, 'back after s, p95': 2.345 }
    expect(tableOf([{ trial: 'server-killed', wanted: 50, done: 7, figures }])).toBe(
      [
        '| trial | figure | value |',
        '|---|---|---:|',
        '| server-killed | rounds | 7 of 50 |',
        '|  | lost | 0 |',
        '|  | back after s, p95 | 2.35 |',
      ].join('\n'),
    )
  })

  it('leaves the simulation its share of the time, whatever the laws before it take', () => {
    let nowMs = 1_000
    for (const parts of [4, 3, 2]) nowMs = shareEnd(nowMs, 61_000, parts)
    expect(nowMs).toBe(46_000)
    expect(shareEnd(nowMs, 61_000, 1)).toBe(61_000)
    expect(shareEnd(70_000, 61_000, 2)).toBe(70_000)
  })

  it('adds up the cases of each law, and leaves out a line that a kill cut short', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-soak-'))
    const file = path.join(folder, 'soak.ndjson')
    const run = { law: 'a', file: 'tests/property/x.test.ts', cases: 3, skipped: 0, failed: false, seed: 1 }
    expect(existsSync(file)).toBe(false)
    expect(readLedger(file)).toEqual([])
    for (const line of [run, { ...run, law: 'b' }, run]) appendFileSync(file, `${JSON.stringify(line)}\n`)
    appendFileSync(file, '{"law":"a","ca')
    const runs = readLedger(file)
    rmSync(folder, { recursive: true })
    expect([...casesByLaw(runs)]).toEqual([
      ['a', 6],
      ['b', 3],
    ])
    expect(casesOf(runs)).toBe(9)
  })
})
