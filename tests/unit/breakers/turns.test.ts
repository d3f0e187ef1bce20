import { describe, expect, test } from 'vitest'
import { annotationsOf, turnsAmong } from '#lib/application/breakers/turns.ts'
import type { BreakerTransition } from '#lib/storage/ports.ts'

const FLEET = '01890000-0000-7000-8000-000000000001'
const turn = (
  atMs: number,
  before: BreakerTransition['before'],
  after: BreakerTransition['after'],
  scope = `app:${FLEET}:2.4.1`,
): BreakerTransition => ({
  id: String(atMs),
  scope,
  fleetId: FLEET,
  processId: 'one',
  atMs,
  before,
  after,
  trip: null,
})

describe('[BR6] what charts tell of breakers', () => {
  test('an override that four processes took is one, and so is its end', () => {
    const four = [0, 120, 400, 1_900]
    const turns = [
      ...four.map((ms) => turn(100_000 + ms, 'closed', 'forced_open')),
      ...four.map((ms) => turn(160_000 + ms, 'forced_open', 'half_open')),
    ]
    expect(annotationsOf(turns.toReversed())).toEqual([
      { atMs: 100_000, kind: 'override', what: 'app 2.4.1 forced open', count: 1 },
      { atMs: 160_000, kind: 'override', what: 'app 2.4.1 released', count: 1 },
    ])
  })

  test('of the changes of one breaker: trials are none, and marks keep apart', () => {
    const changes = [
      turn(0, 'closed', 'open'),
      turn(30_000, 'open', 'half_open'),
      turn(31_000, 'half_open', 'open'),
      turn(91_000, 'half_open', 'closed'),
      turn(200_000, 'closed', 'forced_open'),
      turn(900_000, 'closed', 'open'),
    ]
    const range = { fromMs: 0, toMs: 1_000_000 }
    expect(turnsAmong(changes, range).map(({ atMs, kind }) => [atMs, kind])).toEqual([
      [0, 'trip'],
      [200_000, 'override'],
      [900_000, 'trip'],
    ])
  })

  test('a trip is named by its scope, and later ones are others', () => {
    const turns = [
      turn(0, 'closed', 'open', 'engine'),
      turn(1, 'closed', 'open', `collection:${FLEET}:inspections`),
      turn(2, 'closed', 'open', `backend:${FLEET}:inspections`),
      turn(40_000, 'closed', 'open', 'engine'),
      turn(50_000, 'open', 'metrics_only', `fleet:${FLEET}`),
    ]
    expect(annotationsOf(turns).map(({ kind, what }) => `${kind} ${what}`)).toEqual([
      'trip engine',
      'trip inspections',
      'trip inspections authority',
      'trip engine',
      'override fleet counts only',
    ])
  })
})
