import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Growth } from '#lib/application/sync/growth.ts'
import { Pokes } from '#lib/application/sync/pokes.ts'
import { HEADS_FRESH_MS } from '#lib/application/sync/stream-heads.ts'
import type { GrownHeads } from '#lib/storage/ports.ts'

const ALL = ['one', 'two']

/** A process with a stream of each of two fleets, and a database that tells the other processes when it is let. */
function world() {
  const told: GrownHeads[] = []
  const poked: string[] = []
  const answers: ((failure?: Error) => void)[] = []
  const tell = (grown: GrownHeads): Promise<void> => {
    told.push(grown)
    return new Promise((resolve, reject) =>
      answers.push((failure) => (failure ? reject(failure) : resolve())),
    )
  }
  const pokes = new Pokes()
  for (const fleetId of ALL)
    pokes.listen(
      fleetId,
      'device',
      (poke) => {
        if (poke.event === 'poke') poked.push(`${fleetId} ${poke.collections.join()}`)
      },
      () => undefined,
    )
  const warned: string[] = []
  const log = { info: () => undefined, warn: (text: string) => warned.push(text), error: () => undefined }
  const storage = { signals: { tell, listen: () => async () => undefined } }
  const growth = new Growth({ storage, log, pokes })
  const commit = (fleetId: string, name: string, version: number): void =>
    growth.committed(fleetId, new Map([[name, version]]))
  const answer = async (failure?: Error): Promise<void> => {
    answers.shift()?.(failure)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { told, poked, warned, commit, answer }
}

describe('what is told of commits', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is told to other processes first, to the streams of this one then and once, and together what came meanwhile', async () => {
    const { told, poked, commit, answer } = world()
    commit('one', 'notes', 1)
    commit('one', 'notes', 2)
    commit('two', 'notes', 5)
    expect([told.length, poked]).toEqual([1, []])
    await answer()
    expect(poked).toEqual(['one notes'])
    expect(told[1]).toEqual(new Map(ALL.map((id) => [id, new Map([['notes', id === 'one' ? 2 : 5]])])))
    await answer()
    expect(poked).toEqual(['one notes', 'one notes', 'two notes'])
    await vi.advanceTimersByTimeAsync(2 * HEADS_FRESH_MS)
    expect([told.length, poked.length]).toEqual([2, 3])
  })

  it('[TK8] waits for no database longer than what others remember may be old, whichever fleet it told of first', async () => {
    const { told, poked, warned, commit, answer } = world()
    commit('one', 'notes', 1)
    await vi.advanceTimersByTimeAsync(HEADS_FRESH_MS / 2)
    commit('two', 'notes', 1)
    await vi.advanceTimersByTimeAsync(HEADS_FRESH_MS / 2 - 1)
    expect(poked).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(poked).toEqual(['one notes'])
    await vi.advanceTimersByTimeAsync(HEADS_FRESH_MS / 2)
    expect(poked).toEqual(['one notes', 'two notes'])
    expect(told).toHaveLength(1)
    await answer(new Error('away'))
    await answer()
    expect([told.length, poked.length]).toEqual([2, 2])
    expect(warned).toEqual(['other processes were not told of a commit'])
  })
})
