import { afterEach, expect, it, vi } from 'vitest'
import {
  ASKED_AT_ONCE_MAX,
  ASKED_FOR_MAX_MS,
  askAuthority,
} from '#lib/application/authority/ask-authority.ts'
import type { Context } from '#lib/application/context.ts'
import type { AuthorityOf } from '#lib/application/sync/rules.ts'
import type { IncomingPush } from '#lib/engine/types.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { newUuid, testApp } from '#tests/support/device-world.ts'

afterEach(() => vi.useRealTimers())

/** A push of so many mutations for each of these collections, whose authorities take `takesMs` to say yes. */
async function asked(collections: number, takesMs: number, { timeoutMs = 10_000, each = 1 } = {}) {
  vi.useFakeTimers()
  const startMs = Date.now()
  const { ctx: whole } = testApp(openMemoryStorage(), undefined, { now: () => Date.now() })
  const names = Array.from({ length: collections }, (_, i) => `c${i}`)
  const mutations = names.flatMap((collection) =>
    Array.from({ length: each }, () => ({ mutation: { id: newUuid(), collection, recordId: newUuid() } })),
  )
  const calls: string[][] = []
  let [now, most] = [0, 0]
  const egress = {
    ...whole.egress,
    postJson: async ({ body }: { body: string }) => {
      const { mutations: told } = JSON.parse(body) as { mutations: { id: string }[] }
      calls.push(told.map(({ id }) => id))
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, takesMs))
      now -= 1
      const decisions = told.map(({ id }) => ({ id, decision: 'accept' }))
      return { ok: true, value: { status: 200, body: JSON.stringify({ decisions }) } }
    },
  }
  const ctx = { ...whole, egress } as unknown as Context
  const authority = { url: 'http://127.0.0.1:1', timeoutMs, keyId: 'k', collectionId: newUuid() }
  const authorities = new Map<string, AuthorityOf>(names.map((name) => [name, authority]))
  const push = { mutations, device: {}, replayOf: null } as unknown as IncomingPush
  let tookMs = 0
  const asking = askAuthority(ctx, newUuid(), push, authorities).finally(
    () => (tookMs = Date.now() - startMs),
  )
  await vi.advanceTimersByTimeAsync(60_000)
  const verdicts = await asking
  const kinds = mutations.map(({ mutation }) => verdicts.get(mutation.id)?.kind)
  return { kinds, calls, most, tookMs, ids: mutations.map(({ mutation }) => mutation.id) }
}

it('[AU1] asks no authority that could still be at it after 15 s, and has the device send the rest again', async () => {
  const { kinds, calls, most, tookMs } = await asked(20, 4_000)
  const inTime = 2 * ASKED_AT_ONCE_MAX
  expect(kinds).toEqual(kinds.map((_, i) => (i < inTime ? 'accepted' : 'shed')))
  expect([calls.length, most]).toEqual([inTime, ASKED_AT_ONCE_MAX])
  expect(tookMs).toBeLessThanOrEqual(ASKED_FOR_MAX_MS)
})

it('[AU1] asks all of them where they are quick, and the first of each round always', async () => {
  expect((await asked(20, 100)).kinds).toEqual(Array.from({ length: 20 }, () => 'accepted'))
  const { kinds } = await asked(5, 10_000)
  expect(kinds).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'shed'])
})

it('[AU1] asks several slow ones side by side, in the time of the slowest', async () => {
  const { kinds, tookMs } = await asked(3, 9_000)
  expect(kinds).toEqual(['accepted', 'accepted', 'accepted'])
  expect(tookMs).toBe(9_000)
})

it('[AU1] asks one collection in one call after another, for what comes later may go on from what was before', async () => {
  const { kinds, calls, most, ids } = await asked(1, 3_900, { each: 450 })
  expect([calls.flat(), most]).toEqual([ids.slice(0, 200), 1])
  expect(kinds).toEqual(kinds.map((_, i) => (i < 200 ? 'accepted' : 'shed')))
})
