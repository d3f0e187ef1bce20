import { expect, it } from 'vitest'
import { ASKED_FOR_MAX_MS, askAuthority } from '#lib/application/authority/ask-authority.ts'
import type { Context } from '#lib/application/context.ts'
import type { AuthorityOf } from '#lib/application/sync/rules.ts'
import type { IncomingPush } from '#lib/engine/types.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { newUuid, testApp } from '#tests/support/device-world.ts'

/** A push of one mutation for each of these collections, whose authorities take `takesMs` to say yes. */
async function asked(collections: number, takesMs: number, timeoutMs = 10_000) {
  let nowMs = 1_000_000
  const { ctx: whole } = testApp(openMemoryStorage(), undefined, { now: () => nowMs })
  const names = Array.from({ length: collections }, (_, i) => `c${i}`)
  const mutations = names.map((collection) => ({
    mutation: { id: newUuid(), collection, recordId: newUuid() },
  }))
  let calls = 0
  const egress = {
    ...whole.egress,
    postJson: async ({ body }: { body: string }) => {
      calls += 1
      nowMs += takesMs
      const { mutations: told } = JSON.parse(body) as { mutations: { id: string }[] }
      const decisions = told.map(({ id }) => ({ id, decision: 'accept' }))
      return { ok: true, value: { status: 200, body: JSON.stringify({ decisions }) } }
    },
  }
  const ctx = { ...whole, egress } as unknown as Context
  const authority = { url: 'http://127.0.0.1:1', timeoutMs, keyId: 'k', collectionId: newUuid() }
  const authorities = new Map<string, AuthorityOf>(names.map((name) => [name, authority]))
  const push = { mutations, device: {}, replayOf: null } as unknown as IncomingPush
  const verdicts = await askAuthority(ctx, newUuid(), push, authorities)
  const kinds = mutations.map(({ mutation }) => verdicts.get(mutation.id)?.kind)
  return { kinds, calls, tookMs: nowMs - 1_000_000 }
}

it('[AU1] asks no authority that could still be at it after 15 s, and has the device send the rest again', async () => {
  const { kinds, calls, tookMs } = await asked(20, 4_000)
  expect(kinds).toEqual(kinds.map((_, i) => (i < 2 ? 'accepted' : 'shed')))
  expect(calls).toBe(2)
  expect(tookMs).toBeLessThanOrEqual(ASKED_FOR_MAX_MS)
})

it('[AU1] asks all of them where they are quick, and the first always', async () => {
  expect((await asked(20, 100)).kinds).toEqual(Array.from({ length: 20 }, () => 'accepted'))
  expect((await asked(3, 10_000)).kinds).toEqual(['accepted', 'shed', 'shed'])
})
