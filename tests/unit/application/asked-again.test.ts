import { expect, it } from 'vitest'
import { ASKED_FOR_MAX_MS } from '#lib/application/authority/ask-authority.ts'
import type { Context } from '#lib/application/context.ts'
import type { PushJob } from '#lib/application/sync/push-job.ts'
import { ASKED_AGAIN_MAX, submitPush } from '#lib/application/sync/submit-push.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { newUuid, testApp } from '#tests/support/device-world.ts'

/** A push whose record changes each time that its authority is asked, which takes `takesMs` of the 10 s that it may. */
async function contended(takesMs: number, each = 1) {
  const clock = { nowMs: 0, now: () => clock.nowMs }
  const { ctx: whole } = testApp(openMemoryStorage(), undefined, clock)
  const mutations = Array.from({ length: each }, () => ({
    mutation: { id: newUuid(), collection: 'orders', recordId: newUuid() },
  }))
  const authority = { url: 'http://127.0.0.1:1', timeoutMs: 10_000, keyId: 'k', collectionId: newUuid() }
  const rules = { configVersion: 1, authorities: new Map([['orders', authority]]) }
  const jobs: PushJob[] = []
  const submit = async (_fleetId: string, job: PushJob) => {
    jobs.push(job)
    return job.mayAskAgain ? { kind: 'outdated' } : { kind: 'answered' }
  }
  const postJson = async ({ body }: { body: string }) => {
    clock.nowMs += takesMs
    const told = (JSON.parse(body) as { mutations: { id: string }[] }).mutations
    const decisions = told.map(({ id }) => ({ id, decision: 'accept' }))
    return { ok: true, value: { status: 200, body: JSON.stringify({ decisions }) } }
  }
  const ctx = {
    ...whole,
    groupCommit: { rules: { known: () => rules, since: async () => rules }, submit },
    egress: { postJson },
  } as unknown as Context
  const push = { mutations, device: {}, replayOf: null }
  const outcome = await submitPush(ctx, newUuid(), { kind: 'device', push } as unknown as PushJob)
  const last = jobs.at(-1)?.push.verdicts
  const verdicts = mutations.map(({ mutation }) => last?.get(mutation.id))
  return { outcome, rounds: jobs.length, verdicts, tookMs: clock.nowMs }
}

it('[AU1][AU2] all rounds of a push have the same 15 s: without time for another one its mutations get what there is', async () => {
  const slow = await contended(9_000)
  expect(slow).toMatchObject({ outcome: { kind: 'answered' }, rounds: 1, tookMs: 9_000 })
  expect(slow.verdicts).toMatchObject([{ kind: 'accepted' }])
  const quicker = await contended(4_000)
  expect(quicker.rounds).toBe(2)
  expect(quicker.tookMs).toBeLessThanOrEqual(ASKED_FOR_MAX_MS)
  expect(await contended(100)).toMatchObject({ rounds: 1 + ASKED_AGAIN_MAX })
})

it('[AU1][AT1] what is left of a round that had but the rest of the time is no push too large', async () => {
  const { rounds, verdicts, tookMs } = await contended(2_500, 101)
  expect([rounds, tookMs]).toEqual([2, 7_500])
  expect(verdicts.at(-1)).toEqual({ kind: 'shed', retryAfterMs: 1_000 })
})
