import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listChannels } from '#lib/application/notifications/list-channels.ts'
import { seal, unseal } from '#lib/application/notifications/seal.ts'
import { noticeOf, notifyWorld, resolvedOf, type NotifyWorld } from '#tests/support/notify-world.ts'
import { jsonBody } from '#tests/support/operator-world.ts'
import { startReceiver, type Receiver } from '#tests/support/receiver.ts'

interface Shown {
  readonly id: string
  readonly fleetId: string | null
  readonly name: string
  readonly version: number
  readonly secrets: readonly string[]
  readonly settings: Record<string, unknown>
  readonly signingKey: string | null
  readonly problem: string | null
}

describe('/alerts/channels', () => {
  let world: NotifyWorld
  let receiver: Receiver
  let all: { authorization: string }
  beforeEach(async () => {
    world = await notifyWorld()
    receiver = await startReceiver()
    const { key } = await createApiKey(world.ctx, { actor: SYSTEM, body: { name: 'all', role: 'admin' } })
    all = { authorization: `Bearer ${key}` }
  })
  afterEach(() => receiver.close())
  const ask = async <T>(method: string, path: string, body?: unknown, headers = all) => {
    const init = body === undefined ? { method, headers } : jsonBody(method, body, headers)
    const answer = await world.admin(`/alerts/channels${path}`, init)
    return { status: answer.status, body: (await answer.json()) as T }
  }
  const issues = (body: unknown): string => JSON.stringify((body as { errors?: unknown }).errors)
  const slack = (changes: object = {}) => ({
    name: 'night',
    kind: 'slack',
    settings: { url: `${receiver.url}/services/CANARY` },
    ...changes,
  })

  it('[check 39] [NO14] a secret is in no answer, no table and no log; a webhook’s key is told once', async () => {
    const created = [
      await ask<Shown>('POST', '', slack()),
      await ask<Shown>('POST', '', {
        name: 'p',
        kind: 'pagerduty',
        settings: { routingKey: 'CANARY', url: receiver.url },
      }),
      await ask<Shown>('POST', '', {
        name: 'a',
        kind: 'alertmanager',
        settings: { url: receiver.url, authorization: 'Bearer CANARY' },
      }),
      await ask<Shown>('POST', '', {
        name: 'm',
        kind: 'mail',
        settings: { host: '127.0.0.1', from: 'a@b.org', to: ['c@b.org'], user: 'u', password: 'CANARY' },
      }),
    ]
    expect(created.map(({ status, body }) => [status, body.secrets])).toEqual([
      [201, ['url']],
      [201, ['routingKey']],
      [201, ['authorization']],
      [201, ['password']],
    ])
    const hook = await ask<Shown>('POST', '', { name: 'w', kind: 'webhook', settings: { url: receiver.url } })
    expect(hook.body.signingKey).toMatch(/^tms_/)
    const rotated = await ask<Shown>('PATCH', `/${hook.body.id}`, { rotateKey: true })
    expect(rotated.body.signingKey).toMatch(/^tms_/)
    expect(rotated.body.signingKey).not.toBe(hook.body.signingKey)
    await ask('PATCH', `/${created[0]?.body.id}`, {
      settings: { url: `${receiver.url}/CANARY2` },
      reason: 'moved',
    })
    const listed = await ask<{ items: Shown[] }>('GET', '')
    const { channels } = world.ctx.storage.notifications
    const audit = await world.ctx.storage.audit.list(
      { fleetId: null, action: null },
      { limit: 50, cursor: null },
    )
    const seen = JSON.stringify([created, listed, rotated, await channels(), audit.items])
    expect(seen).not.toContain('CANARY')
    expect(JSON.stringify([listed.body, await channels(), audit.items])).not.toContain('tms_')
    const actions = audit.items.map(({ action }) => action).filter((action) => action.startsWith('channel.'))
    expect(actions.sort()).toEqual([
      ...Array<string>(2).fill('channel.change'),
      ...Array<string>(5).fill('channel.create'),
    ])
  })

  it('[NO14] a secret that is kept goes nowhere else', async () => {
    const { body } = await ask<Shown>('POST', '', {
      name: 'a',
      kind: 'alertmanager',
      settings: { url: receiver.url, authorization: 'Bearer t' },
    })
    const elsewhere = { url: `http://127.0.0.1:1/` }
    const moved = await ask('PATCH', `/${body.id}`, { settings: elsewhere })
    expect([moved.status, issues(moved.body)]).toEqual([
      400,
      expect.stringContaining('/settings/authorization'),
    ])
    const given = await ask<Shown>('PATCH', `/${body.id}`, {
      settings: { ...elsewhere, authorization: 'Bearer u' },
    })
    expect([given.status, given.body.secrets]).toEqual([200, ['authorization']])
    const without = await ask<Shown>('PATCH', `/${body.id}`, {
      settings: { url: receiver.url, authorization: null },
    })
    expect([without.status, without.body.secrets]).toEqual([200, []])
  })

  it('[NO14] sealed under another secret, of another channel, or changed: it does not open', () => {
    const [secret, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const sealed = seal(secret, 'a', 'text')
    expect(unseal(secret, 'a', sealed)).toEqual({ ok: true, value: 'text' })
    expect(seal(secret, 'a', 'text')).not.toBe(sealed)
    for (const [key, owner, text] of [
      [other, 'a', sealed],
      [secret, 'b', sealed],
      // The last letter holds two bits that are none of the text.
      [secret, 'a', `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'Q' : 'A'}`],
      [secret, 'a', 'v1.AAAA'],
      [secret, 'a', 'v2'],
    ] as const)
      expect(unseal(key, owner, text).ok).toBe(false)
  })

  it('[NO14] under another TIDEMARK_SECRET a channel says so, and its notices are refused', async () => {
    const { body } = await ask<Shown>('POST', '', slack())
    const { ctx, notifier } = world.another({ secret: Buffer.alloc(32, 9) })
    expect((await listChannels(ctx, { actor: SYSTEM }))[0]?.problem).toMatch(/another TIDEMARK_SECRET/)
    await world.put(noticeOf())
    await world.turn()
    world.clock.advance(60_000)
    await notifier.look()
    await notifier.idle()
    expect(await world.log(body.id)).toMatchObject([{ outcome: 'refused', status: null }])
  })

  it.each([
    [
      'an unknown field',
      { name: 'x', kind: 'slack', settings: { url: 'https://example.org' }, role: 'admin' },
    ],
    ['an unknown setting', { name: 'x', kind: 'slack', settings: { url: 'https://example.org', x: 1 } }],
    ['an unknown kind', { name: 'x', kind: 'pigeon', settings: {} }],
    ['settings of another kind', { name: 'x', kind: 'pagerduty', settings: { url: 'https://example.org' } }],
    ['an address that is not public', { name: 'x', kind: 'webhook', settings: { url: 'https://10.0.0.1/' } }],
    ['metadata', { name: 'x', kind: 'alertmanager', settings: { url: 'http://169.254.169.254/' } }],
    [
      'a name that is local',
      { name: 'x', kind: 'mail', settings: { host: 'localhost', from: 'a@b.org', to: ['c@b.org'] } },
    ],
    ['plain http', { name: 'x', kind: 'webhook', settings: { url: 'http://example.org/' } }],
    ['a file', { name: 'x', kind: 'webhook', settings: { url: 'file:///etc/passwd' } }],
    [
      'a header in a header',
      { name: 'x', kind: 'alertmanager', settings: { url: 'https://e.org', authorization: 'a\r\nb: c' } },
    ],
    ['no severity', { name: 'x', kind: 'webhook', settings: { url: 'https://e.org' }, severities: [] }],
    [
      'a name that a template has not',
      { name: 'x', kind: 'webhook', settings: { url: 'https://e.org' }, template: { title: '{{password}}' } },
    ],
  ])('%s is refused', async (_name, body) => {
    expect((await ask('POST', '', body)).status).toBe(400)
  })

  it('[NO4] who may: an operator of its fleet sees and tests it, an administrator changes it, others find nothing', async () => {
    const [viewer, operator, admin] = await Promise.all(
      (['viewer', 'operator', 'admin'] as const).map((role) => world.keyFor(role)),
    )
    const own = await ask<Shown>('POST', '', slack({ fleet: world.fleet }), admin)
    const foreign = await ask<Shown>('POST', '', slack({ fleet: world.foreignFleet }))
    const global = await ask<Shown>('POST', '', slack())
    expect([own.status, foreign.status, global.status]).toEqual([201, 201, 201])
    expect((await ask('POST', '', slack(), admin)).status).toBe(403)
    expect((await ask('POST', '', slack({ fleet: world.foreignFleet }), admin)).status).toBe(404)
    expect((await ask('POST', '', slack({ fleet: world.fleet }), operator)).status).toBe(403)
    expect((await ask('GET', '', undefined, viewer)).status).toBe(403)
    const seen = await ask<{ items: Shown[] }>('GET', '', undefined, operator)
    expect(seen.body.items.map(({ id }) => id)).toEqual([own.body.id])
    const everywhere = await ask<{ items: Shown[]; total: number }>('GET', `?fleet=${world.fleet}`)
    expect(everywhere.body.items.map(({ id }) => id).sort()).toEqual([own.body.id, global.body.id].sort())
    for (const [path, method, body] of [
      ['', 'PATCH', { enabled: false }],
      ['', 'DELETE', {}],
      ['/test', 'POST', {}],
      ['/deliveries', 'GET', undefined],
    ] as const)
      for (const id of [foreign.body.id, global.body.id])
        expect([path, (await ask(method, `/${id}${path}`, body, admin)).status]).toEqual([path, 404])
    expect((await ask('PATCH', `/${own.body.id}`, { enabled: false }, operator)).status).toBe(403)
    expect((await ask('POST', `/${own.body.id}/test`, {}, operator)).status).toBe(200)
    expect((await ask('GET', `/${own.body.id}/deliveries`, undefined, operator)).status).toBe(200)
  })

  it('changes by version, removes with its log, and lists by words, pages and times', async () => {
    const made = []
    for (const name of ['one', 'two', 'three']) {
      made.push(await ask<Shown>('POST', '', slack({ name })))
      world.clock.advance(1_000)
    }
    const [first, second] = made.map(({ body }) => body)
    const stale = await ask('PATCH', `/${first?.id}`, { name: 'uno', version: 9 })
    expect(stale.status).toBe(409)
    const changed = await ask<Shown>('PATCH', `/${first?.id}`, { name: 'uno', version: 1 })
    expect([changed.status, changed.body.name, changed.body.version]).toEqual([200, 'uno', 2])
    expect((await ask('PATCH', `/${first?.id}`, { rotateKey: true })).status).toBe(400)
    const names = async (query: string) =>
      (await ask<{ items: Shown[] }>('GET', query)).body.items.map(({ name }) => name)
    expect(await names('?q=TWO')).toEqual(['two'])
    expect(await names('?limit=1')).toEqual(['uno'])
    expect(await names(`?limit=1&cursor=${first?.id}`)).toEqual(['two'])
    expect(await names(`?from=${world.clock.now() - 1_500}`)).toEqual(['three'])
    expect((await ask('GET', '?x=1')).status).toBe(400)
    expect((await ask('DELETE', `/${second?.id}`, { reason: 'gone' })).status).toBe(200)
    expect(await names('')).toEqual(['uno', 'three'])
    expect((await ask('DELETE', `/${second?.id}`)).status).toBe(404)
  })

  it('the test button sends at once, marked as a test, and tells what came of it', async () => {
    const { body } = await ask<Shown>('POST', '', {
      name: 'w',
      kind: 'pagerduty',
      settings: { routingKey: 'r', url: receiver.url },
    })
    const fired = await ask<{ outcome: string; status: number; title: string }>(
      'POST',
      `/${body.id}/test`,
      {},
    )
    expect(fired.body).toMatchObject({
      outcome: 'delivered',
      status: 202,
      title: expect.stringMatching(/^\[Test\]/) as string,
    })
    await ask('POST', `/${body.id}/test`, { state: 'resolved' })
    const events = receiver.received.map((one) => one.body as { event_action: string; dedup_key: string })
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve'])
    expect(events[0]?.dedup_key).toBe(events[1]?.dedup_key)
    receiver.reply = () => ({ status: 400, body: 'invalid routing key' })
    const refused = await ask('POST', `/${body.id}/test`, {})
    expect(refused.body).toMatchObject({ outcome: 'refused', status: 400, detail: 'invalid routing key' })
    const log = await ask<{ items: { outcome: string }[] }>('GET', `/${body.id}/deliveries?q=ROUTING`)
    expect(log.body.items).toHaveLength(1)
    const all = await ask<{ items: unknown[]; nextCursor: string }>('GET', `/${body.id}/deliveries?limit=2`)
    const rest = await ask<{ items: unknown[] }>(
      'GET',
      `/${body.id}/deliveries?limit=2&cursor=${all.body.nextCursor}`,
    )
    expect([all.body.items.length, rest.body.items.length]).toEqual([2, 1])
    const audited = await world.ctx.storage.audit.list(
      { fleetId: null, action: 'channel.test' },
      { limit: 9, cursor: null },
    )
    expect(audited.items).toHaveLength(3)
  })

  it('a channel says it in words of its own; what a value holds is text', async () => {
    const template = { title: '{{state}} in {{fleet}} ({{open}} open)', body: '{{ title }} / {{detail}}' }
    await ask('POST', '', { name: 'w', kind: 'webhook', settings: { url: receiver.url }, template })
    const notice = noticeOf({ fleetName: '{{detail}}', detail: '$& {{state}}' })
    await world.put(notice)
    await world.told()
    await world.put(resolvedOf(notice))
    await world.told()
    const told = receiver.received.map(({ body }) => body as { title: string; message: string })
    expect(told.map(({ title }) => title)).toEqual([
      'firing in {{detail}} (1 open)',
      'resolved in {{detail}} (0 open)',
    ])
    expect(told[0]?.message).toMatch(/ \/ \$& \{\{state\}\}$/)
  })
})
