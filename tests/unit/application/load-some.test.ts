import { expect, it } from 'vitest'
import { loadSome } from '#lib/application/sync/load-some.ts'
import type { PushSnapshot } from '#lib/storage/ports.ts'
import { PlanTooLarge } from '#lib/storage/ports.ts'

const SNAPSHOT = {} as PushSnapshot
const takes = (most: number, asked: number[] = []) => ({
  asked,
  load: async (some: readonly number[]) => {
    asked.push(some.length)
    if (some.length > most) throw new PlanTooLarge('too many')
    return SNAPSHOT
  },
})

it('[PU7] so many of the first are loaded as one read takes, by halves', async () => {
  const all = Array.from({ length: 50 }, (_, n) => n)
  const few = takes(12)
  expect(await loadSome(all, few.load)).toEqual({ snapshot: SNAPSHOT, some: all.slice(0, 7) })
  expect(few.asked).toEqual([50, 25, 13, 7])
  expect(await loadSome(all, takes(50).load)).toEqual({ snapshot: SNAPSHOT, some: all })
  expect(await loadSome([], takes(50).load)).toEqual({ snapshot: SNAPSHOT, some: [] })
  await expect(loadSome(all, takes(0).load)).rejects.toThrow(PlanTooLarge)
  const broken = async (): Promise<PushSnapshot> => Promise.reject(new Error('broken'))
  await expect(loadSome(all, broken)).rejects.toThrow('broken')
})
