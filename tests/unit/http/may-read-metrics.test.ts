import { expect, test } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { mayReadMetrics } from '#lib/http/may-read-metrics.ts'
import { metricsHandler } from '#lib/http/metrics.ts'
import { operatorWorld } from '#tests/support/operator-world.ts'

test('[check 41] /metrics is for a key with the scope `metrics`, and for everyone only when it is public', async () => {
  const { ctx, fleet, keyFor } = await operatorWorld()
  const body = { name: 'scraper', role: 'viewer', fleet, scopes: ['metrics'] }
  const { key } = await createApiKey(ctx, { actor: SYSTEM, body })
  const scraper = { authorization: `Bearer ${key}` }
  const statusFor = async (headers: Record<string, string>, isPublic = false): Promise<number> => {
    const answer = metricsHandler(ctx.metrics, mayReadMetrics(ctx, isPublic))
    return (await answer(new Request('http://127.0.0.1/metrics', { headers }))).status
  }
  await statusFor({ ...scraper, 'x-forwarded-for': '192.0.2.7' })
  const keys = await ctx.storage.access.listApiKeys()
  expect(keys.find(({ name }) => name === 'scraper')?.lastUsedAddress).toBe('192.0.2.7')
  expect(await statusFor(scraper)).toBe(200)
  expect(await statusFor({})).toBe(401)
  expect(await statusFor({ authorization: 'Bearer tmk_nobody' })).toBe(401)
  // However much the key may do otherwise.
  expect(await statusFor(await keyFor('admin'))).toBe(401)
  expect(await statusFor({}, true)).toBe(200)
})
