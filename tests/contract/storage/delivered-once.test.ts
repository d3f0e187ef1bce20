import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { DeliveredPositions } from '#lib/storage/ports.ts'
import { Pipeline } from '#lib/storage/prisma/pipeline.ts'
import { OF_A_RANGE_MAX } from '#lib/storage/prisma/read-changes.ts'
import { BACKENDS, changeOf, commit, makeDevice, makeFleet, NOW_MS, opened, shownBy } from './world.ts'

/** Of PostgreSQL, which is asked for them. */
const POSTGRES = BACKENDS.filter(({ name }) => name === 'postgres')
const NAMES = ['inspections', 'reports']

describe.each(POSTGRES)('changes that devices are brought alike, on $name', (backend) => {
  const current = opened(backend)

  /** Three devices behind their first snapshot, and how often the database is asked for the changes of a delivery. */
  async function world() {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [one, two, writer] = (await Promise.all([1, 2, 3].map(() => makeDevice(storage, fleetId)))).map(
      ({ id }) => id,
    ) as [string, string, string]
    for (const id of [one, two, writer])
      await storage.sync.deliver(fleetId, shownBy(id, {}, { firstComplete: NAMES }))
    const writes = async (collection: string, count: number): Promise<void> => {
      const changes = (head: number) =>
        Array.from({ length: count }, (_, n) =>
          changeOf({ deviceId: writer, collection, version: head + 1 + n }),
        )
      await commit(storage, fleetId, changes, { committedAtMs: NOW_MS + 1 }, [collection])
    }
    const sent = vi.spyOn(Pipeline.prototype, 'send')
    onTestFinished(() => sent.mockRestore())
    /** @returns how many changes were told of each collection, and how often the database was asked for them */
    const shows = async (
      deviceId: string,
      positions: Readonly<Record<string, number>>,
      before: Readonly<Record<string, number>>,
    ) => {
      sent.mockClear()
      const told: Record<string, number> = {}
      const describe: DeliveredPositions['describe'] = (ranges) => {
        for (const { collection, changes } of ranges) told[collection] = changes.length
        return []
      }
      const known = new Map(Object.entries(before))
      await storage.sync.deliver(fleetId, shownBy(deviceId, positions, { before: known, describe }))
      const asked = sent.mock.calls.filter(([{ name }]) => name === 'deliver_changes').length
      return { told, asked }
    }
    return { one, two, writer, writes, shows }
  }

  it('are asked for once, whoever comes next, also who made them', async () => {
    const { one, two, writer, writes, shows } = await world()
    await writes('inspections', 2)
    await writes('reports', 3)
    const stood = { inspections: 0, reports: 0 }
    const stands = { inspections: 2, reports: 3 }
    expect(await shows(one, stands, stood)).toEqual({ told: stands, asked: 1 })
    expect(await shows(two, stands, stood)).toEqual({ told: stands, asked: 0 })
    expect(await shows(writer, stands, stood)).toEqual({ told: stood, asked: 0 })
  })

  it('are asked for along with the rest where one collection of several is not in memory', async () => {
    const { one, two, writes, shows } = await world()
    await writes('reports', 3)
    await shows(one, { reports: 3 }, { reports: 0 })
    await writes('inspections', 2)
    const stands = { inspections: 2, reports: 3 }
    expect(await shows(two, stands, { inspections: 0, reports: 0 })).toEqual({ told: stands, asked: 1 })
  })

  it('are asked for again where the device stood elsewhere than was thought, or nobody knew where', async () => {
    const { one, two, writes, shows } = await world()
    await writes('reports', 1)
    await shows(two, { reports: 1 }, { reports: 0 })
    await writes('reports', 1)
    await shows(one, { reports: 2 }, { reports: 0 })
    // Thought to stand where the other one stood, whose two changes are in memory.
    expect(await shows(two, { reports: 2 }, { reports: 0 })).toEqual({ told: { reports: 1 }, asked: 1 })
    await writes('reports', 1)
    expect(await shows(one, { reports: 3 }, {})).toEqual({ told: { reports: 1 }, asked: 1 })
  })

  it('are not kept where they are more than others bring in one go', async () => {
    const { one, two, writes, shows } = await world()
    const count = OF_A_RANGE_MAX + 1
    await writes('reports', count)
    for (const device of [one, two])
      expect(await shows(device, { reports: count }, { reports: 0 })).toEqual({
        told: { reports: count },
        asked: 1,
      })
  })
})
