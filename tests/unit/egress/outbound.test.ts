import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Context } from '#lib/application/context.ts'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import { createEgress } from '#lib/application/egress/post-json.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import { addScrapeTarget } from '#lib/application/ingest/scrape-targets.ts'
import { createChannel } from '#lib/application/notifications/create-channel.ts'
import { operatorWorld } from '#tests/support/operator-world.ts'

/** Hosts that lead inside, each in a spelling of its own. */
const INSIDE = [
  '127.0.0.1',
  'localhost',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.1',
  '[::1]',
  '[::ffff:10.0.0.1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[64:ff9b::a00:1]',
]

async function closedWorld() {
  const world = await operatorWorld()
  const egress = createEgress(new EgressGuard([]), async () => ['10.0.0.1'])
  return { ...world, ctx: { ...world.ctx, egress } as Context }
}

const channel = (kind: string, settings: object, fleet: string) => ({ fleet, name: kind, kind, settings })

describe('whoever sends the server somewhere', () => {
  it.each(INSIDE)('[check 40] to %s is refused when it is set up, whatever calls there', async (host) => {
    const { ctx, fleet } = await closedWorld()
    const url = `https://${host}/x`
    const schema = { type: 'object' }
    const asked: Readonly<Record<string, () => Promise<unknown>>> = {
      authority: () =>
        createCollection(ctx, {
          actor: SYSTEM,
          fleetId: fleet,
          body: { name: 'a', strategy: 'lww', schema, authority: { url } },
        }),
      scraper: () =>
        addScrapeTarget(ctx, {
          actor: SYSTEM,
          fleetId: fleet,
          body: { source: 'other', url, reason: 'to see' },
        }),
      ...Object.fromEntries(
        (
          [
            ['webhook', { url }],
            ['alertmanager', { url }],
            ['pagerduty', { url, routingKey: 'R0' }],
            ['slack', { url }],
          ] as const
        ).map(([kind, settings]) => [
          kind,
          () => createChannel(ctx, { actor: SYSTEM, body: channel(kind, settings, fleet) }),
        ]),
      ),
    }
    for (const [name, ask] of Object.entries(asked)) {
      const refused: unknown = await ask().then(
        () => 'made',
        (error: unknown) => (isApplicationError(error) ? error.tidemarkCode : error),
      )
      expect([name, refused]).toEqual([name, 'bad_request'])
    }
  })

  it('[check 40] a name that leads inside later is not connected to by any way out', async () => {
    for (const addresses of [['10.0.0.1'], ['93.184.215.14', '169.254.169.254'], ['::1'], []]) {
      const egress = createEgress(new EgressGuard([]), async () => addresses)
      const call = { url: 'https://rebound.example/', headers: {}, timeoutMs: 300 }
      expect(egress.refusal(call.url)).toBeNull()
      const tried = [
        await egress.get(call),
        await egress.postJson({ ...call, body: '{}' }),
        await egress.placeOf({ host: 'rebound.example', port: 587 }, 300),
      ]
      for (const one of tried) expect([addresses, one.ok]).toEqual([addresses, false])
    }
  })
})
