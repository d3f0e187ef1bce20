import { expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { runBatch } from '#lib/application/operations/run-batch.ts'
import { changeRate, turnOperation } from '#lib/application/operations/turn-operation.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

const LETTERS = 500
const PER_PUSH = 250
const STEP_MS = 5
const RATE = 200

/** As many letters as fall into the fullest second. */
const fullest = (times: readonly number[]): number =>
  Math.max(...times.map((from, i) => times.slice(i).filter((atMs) => atMs < from + 1_000).length))

/**
 * The clock is the test's own, so that nothing but the rate holds it back; a soak over PostgreSQL never came near it on a busy machine.
 */
it.each([1, 2, 3])(
  '[DL14] %i workers at full speed come to the rate, and no second has more than it and a twentieth',
  async (workers) => {
    let nowMs = Date.UTC(2026, 10, 24, 14)
    const storage = openMemoryStorage({ nowMs: () => nowMs })
    const app = testApp(storage, console.error, { now: () => nowMs })
    const fleet = await testFleet(app)
    const input = { actor: SYSTEM, fleetId: fleet.fleetId }
    const device = await TestDevice.enroll(app, fleet)
    const hlc = (): string => formatHlc({ wallMs: nowMs, counter: counter++, deviceId: device.id })
    let counter = 0
    for (let n = 0; n < LETTERS; n += PER_PUSH)
      await device.pushed(
        Array.from({ length: PER_PUSH }, () =>
          device.mutation({ hlc: hlc(), op: { type: 'put', data: { title: 7 } } }),
        ),
      )
    const body = { kind: 'discard', q: 'code:schema_mismatch', reason: 'a test', rate: RATE }
    const { id } = await createOperation(app.ctx, { ...input, body })
    await turnOperation(app.ctx, 'start', { ...input, id, body: {} })
    const isRunning = async () => (await storage.operations.get(fleet.fleetId, id))?.state === 'running'
    for (let step = 0; await isRunning(); step++) {
      nowMs += STEP_MS
      // Each is away now and then, as one that is killed.
      for (let worker = 0; worker < workers; worker++)
        if ((step + worker * 7) % 20 !== 0) await runBatch(app.ctx, fleet.fleetId, id)
      // Somebody presses the same rate again and again: no second turn comes of it.
      if (step % 10 === 0 && (await isRunning()))
        await changeRate(app.ctx, { ...input, id, body: { rate: RATE } })
    }
    const all = { state: null, outcome: null }
    const items = await storage.operations.items(fleet.fleetId, id, all, 0, LETTERS + 1)
    const times = items.map(({ atMs }) => atMs ?? 0).toSorted((a, b) => a - b)
    expect(times).toHaveLength(LETTERS)
    expect(fullest(times)).toBeLessThanOrEqual(RATE * 1.05)
    expect(fullest(times)).toBeGreaterThanOrEqual(RATE * 0.95)
  },
  60_000,
)
