import { expect, test } from 'vitest'
import { Breakers } from '#lib/application/breakers/breakers.ts'
import { BreakerJournal } from '#lib/application/breakers/journal.ts'
import { Overrides } from '#lib/application/breakers/overrides.ts'
import { ENGINE_SCOPE } from '#lib/application/breakers/scopes.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { audit } from '../../contract/storage/world.ts'
import { newUuid } from '#tests/support/device-world.ts'

const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2026, 0, 5, 8)

test('[BR4] a clock that jumps ends an override, or brings it back, for no longer than the clock is wrong; one that stands still holds it', async () => {
  let nowMs = START_MS
  const storage = openMemoryStorage()
  const surroundings = { storage, clock: { now: () => nowMs }, processId: newUuid(), processName: 'p' }
  const journal = new BreakerJournal({ ...surroundings, ids: newUuid })
  const breakers = new Breakers({
    ...surroundings,
    journal,
    random: seededRandom(3),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    onChange: () => undefined,
  })
  const overrides = new Overrides({ ...surroundings, breakers, journal })
  const stateAt = async (ms: number): Promise<string> => {
    nowMs = START_MS + ms
    await overrides.look()
    return breakers.list((scope) => scope === ENGINE_SCOPE)[0]?.state ?? 'closed'
  }
  const override = {
    id: newUuid(),
    kind: 'forced_open',
    reason: 'held over a clock that jumps',
    by: { id: 'ada', name: 'Ada' },
    askedAtMs: START_MS,
    startsAtMs: START_MS,
    expiresAtMs: START_MS + HOUR_MS,
    approval: null,
    breakGlass: false,
    endedAtMs: null,
  } as const
  const control = {
    scope: ENGINE_SCOPE,
    fleetId: null,
    version: 1,
    settings: null,
    overrides: [override],
    changedAtMs: 0,
  }
  await storage.breakers.save(control, audit())

  expect(await stateAt(1_000)).toBe('forced_open')
  // It stands still.
  expect(await stateAt(1_000)).toBe('forced_open')
  // An hour ahead, and right again.
  expect(await stateAt(HOUR_MS + 1_000)).toBe('half_open')
  expect(await stateAt(2_000)).toBe('forced_open')
  // Its time is up; then an hour behind, and right again.
  expect(await stateAt(HOUR_MS)).toBe('half_open')
  expect(await stateAt(5_000)).toBe('forced_open')
  expect(await stateAt(HOUR_MS + 5_000)).toBe('half_open')
  // It was to hold at once, whatever a clock says that is behind.
  expect(await stateAt(-1_000)).toBe('forced_open')
})
