import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import { createEgress } from '#lib/application/egress/post-json.ts'
import {
  ALERTMANAGER_REPEAT_MS,
  ALERTMANAGER_REPEATS_MISSED_MAX,
} from '#lib/application/notifications/alertmanager.ts'
import { Notifier } from '#lib/application/notifications/run-notifications.ts'
import { NOTIFICATION_TRIED_FOR_MS, NOTIFICATION_WAIT_MS } from '#lib/protocol/limits.ts'
import { startMailReceiver, type MailReceiver } from '#tests/support/mail-receiver.ts'
import { noticeOf, notifyWorld, resolvedOf, type NotifyWorld } from '#tests/support/notify-world.ts'
import { startReceiver, type Receiver } from '#tests/support/receiver.ts'

interface Event {
  readonly routing_key: string
  readonly event_action: string
  readonly dedup_key: string
  readonly payload: Record<string, unknown>
  readonly links: readonly { readonly href: string }[]
}
interface Pushed {
  readonly labels: Record<string, string>
  readonly startsAt: string
  readonly endsAt: string
}

describe('each kind of channel', () => {
  let world: NotifyWorld
  let receiver: Receiver
  let mails: MailReceiver
  beforeEach(async () => {
    world = await notifyWorld()
    ;[receiver, mails] = await Promise.all([startReceiver(), startMailReceiver()])
  })
  afterEach(() => Promise.all([receiver.close(), mails.close()]))
  const acknowledged = (notice: ReturnType<typeof noticeOf>) =>
    resolvedOf(notice, { state: 'acknowledged', atMs: notice.atMs + 1, endsAtMs: null, by: 'Ada' })

  it('[NO1] PagerDuty: trigger, acknowledge and resolve under one dedup key', async () => {
    await world.channel({
      kind: 'pagerduty',
      settings: { routingKey: 'R0UT1NG', url: `${receiver.url}/v2/enqueue` },
    })
    const notice = noticeOf()
    for (const one of [notice, acknowledged(notice), resolvedOf(notice)]) {
      await world.put(one)
      await world.told()
    }
    const events = receiver.received.map(({ body }) => body as Event)
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'acknowledge', 'resolve'])
    expect(new Set(events.map(({ dedup_key }) => dedup_key)).size).toBe(1)
    expect(events[0]).toMatchObject({
      routing_key: 'R0UT1NG',
      links: [
        { href: 'http://127.0.0.1:3000/alerts/incidents/7' },
        { href: 'http://127.0.0.1:3000/docs/runbooks/dead-letters-grow' },
      ],
      payload: {
        summary: `[Firing, critical] Airfield US: ${notice.title}`,
        source: 'Airfield US',
        severity: 'critical',
        timestamp: '1970-01-01T00:00:01.000Z',
      },
    })
  })

  it('[NO2] PagerDuty: of several, one event; it is resolved with the last of them', async () => {
    await world.channel({ kind: 'pagerduty', settings: { routingKey: 'R', url: receiver.url } })
    const [a, b] = [noticeOf(), noticeOf({ fleetName: 'Airfield CA' })]
    await world.put(a, b)
    await world.told()
    for (const one of [resolvedOf(a), acknowledged(b), resolvedOf(b)]) {
      await world.put(one)
      await world.told()
    }
    const events = receiver.received.map(({ body }) => body as Event)
    expect(events.map(({ event_action }) => event_action)).toEqual([
      'trigger',
      'trigger',
      'acknowledge',
      'resolve',
    ])
    expect(new Set(events.map(({ dedup_key }) => dedup_key)).size).toBe(1)
    expect(events[0]?.payload['summary']).toMatch(/ and 1 more: /)
  })

  it('[NO1] Slack: the title, what it is, and a way there; nothing in it calls anybody', async () => {
    const { id } = await world.channel({
      kind: 'slack',
      settings: { url: `${receiver.url}/services/T0/B0/x` },
    })
    receiver.reply = () => ({ status: 200, body: 'ok' })
    const notice = noticeOf({ title: '<!channel> & co', fleetName: '<@U1>' })
    await world.put(notice)
    await world.told()
    const [{ path, text } = { path: '', text: '' }] = receiver.received
    expect(path).toBe('/services/T0/B0/x')
    expect(text).toContain('&lt;!channel&gt; &amp; co')
    expect(text).not.toMatch(/<[!@]/)
    expect(text).toContain('http://127.0.0.1:3000/alerts/incidents/7')
    expect(await world.log(id)).toMatchObject([{ outcome: 'delivered', detail: 'ok' }])
  })

  it('[NO1] mail: to all, in one thread from the first to the end', async () => {
    const { id } = await world.channel({
      kind: 'mail',
      settings: {
        host: '127.0.0.1',
        port: mails.port,
        tls: 'none',
        from: 'tidemark@example.org',
        to: ['a@example.org', 'b@example.org'],
      },
    })
    const notice = noticeOf({ title: 'one\r\nBcc: c@example.org' })
    await world.put(notice)
    await world.told()
    await world.put(acknowledged(notice), resolvedOf(notice))
    await world.told()
    const [first, last] = mails.received
    expect(mails.received.map(({ to }) => to)).toEqual(Array(2).fill(['a@example.org', 'b@example.org']))
    const headOf = (name: string, text = ''): string | undefined =>
      new RegExp(`^${name}: (.*(?:\\n[ \\t].*)*)`, 'mi')
        .exec(text.split('\n\n', 1)[0] ?? '')?.[1]
        ?.replaceAll(/\n\s+/g, ' ')
    expect(headOf('Subject', first?.text)).toBe('[Firing, critical] Airfield US: one Bcc: c@example.org')
    expect(headOf('Bcc', first?.text)).toBeUndefined()
    expect(headOf('Subject', last?.text)).toMatch(/^\[Resolved, critical\]/)
    expect(headOf('References', last?.text)).toBe(headOf('Message-ID', first?.text))
    expect(headOf('Message-ID', last?.text)).not.toBe(headOf('Message-ID', first?.text))
    expect(await world.log(id)).toMatchObject([
      { outcome: 'delivered', status: 250 },
      { outcome: 'delivered', status: 250, detail: '250 taken' },
    ])
  })

  it('[NO6] mail: 4xx is tried again, 5xx is for good', async () => {
    const settings = {
      host: '127.0.0.1',
      port: mails.port,
      tls: 'none',
      from: 'a@example.org',
      to: ['b@example.org'],
    }
    const { id } = await world.channel({ kind: 'mail', settings })
    mails.reply = '451 later'
    await world.put(noticeOf())
    await world.told()
    mails.reply = '550 no such person'
    for (let n = 0; n < 3; n++) {
      world.clock.advance(NOTIFICATION_WAIT_MS.longest)
      await world.turn()
    }
    expect((await world.log(id)).map(({ outcome, status, detail }) => [outcome, status, detail])).toEqual([
      ['refused', 550, '550 no such person'],
      ['retried', 451, '451 later'],
    ])
  })

  it('[NO6] mail: a server that takes its time with each answer ends with the try, and not with its lease', async () => {
    const settings = {
      host: '127.0.0.1',
      port: mails.port,
      tls: 'none',
      from: 'a@example.org',
      to: Array.from({ length: 20 }, (_, n) => `b${n}@example.org`),
    }
    const { id } = await world.channel({ kind: 'mail', settings })
    const hurried = new Notifier(world.ctx, {
      groupWaitMs: 0,
      leaseMs: 60_000,
      repeatMs: 60_000,
      timeoutMs: 100,
    })
    mails.waitMs = 20
    await world.put(noticeOf())
    await hurried.look()
    await hurried.idle()
    expect(await world.log(id)).toMatchObject([{ outcome: 'retried', detail: 'not done within 100 ms' }])
    expect(mails.received).toHaveLength(0)
  })

  it('[NO6] mail: whom the server does not take stands in the log, and the others are not told twice', async () => {
    const settings = {
      host: '127.0.0.1',
      port: mails.port,
      tls: 'none',
      from: 'a@example.org',
      to: ['b@example.org', 'c@example.org'],
    }
    const { id } = await world.channel({ kind: 'mail', settings })
    mails.addressed = (address) => (address === 'c@example.org' ? '550 no such person' : '250 ok')
    await world.put(noticeOf())
    await world.told()
    expect(mails.received.map(({ to }) => to)).toEqual([['b@example.org']])
    expect(await world.log(id)).toMatchObject([
      {
        outcome: 'delivered',
        detail: 'not taken for c@example.org: 550 no such person. For the others: 250 taken',
      },
    ])
  })

  it('[check 40] [AU3] mail: a server without STARTTLS hears neither password nor mail', async () => {
    const settings = {
      host: '127.0.0.1',
      port: mails.port,
      from: 'a@example.org',
      to: ['b@example.org'],
      user: 'tidemark',
      password: 'pass phrase',
    }
    const { id } = await world.channel({ kind: 'mail', settings })
    await world.put(noticeOf())
    await world.told()
    expect(await world.log(id)).toMatchObject([{ outcome: 'refused', status: 500 }])
    expect(mails.heard.map((line) => line.split(' ')[0])).toEqual(['EHLO', 'STARTTLS'])
  })

  it('[check 40] [AU3] mail: a server that is not on the allowlist is not spoken to in the clear, nor by an address of ours', async () => {
    const settings = {
      host: 'mail.example.org',
      port: 25,
      tls: 'none',
      from: 'a@example.org',
      to: ['b@example.org'],
    }
    const { id } = await world.channel({ kind: 'mail', settings })
    const resolving = (...addresses: string[]) =>
      world.another({ egress: createEgress(new EgressGuard([]), async () => addresses) }).notifier
    await world.put(noticeOf())
    await world.turn()
    world.clock.advance(NOTIFICATION_WAIT_MS.longest)
    const [rebound, open] = [resolving('93.184.215.14', '127.0.0.1'), resolving('93.184.215.14')]
    await rebound.look()
    await rebound.idle()
    world.clock.advance(NOTIFICATION_WAIT_MS.longest)
    await open.look()
    await open.idle()
    expect((await world.log(id)).map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['refused', 'mail.example.org is not on the allowlist: it is not spoken to in the clear'],
      ['retried', 'mail.example.org leads to an address that is not public'],
    ])
    expect(mails.received).toHaveLength(0)
  })

  it('[NO13] Alertmanager: told again while it fires, each time until when, and of the end once', async () => {
    const { id } = await world.channel({
      kind: 'alertmanager',
      settings: { url: `${receiver.url}/am/`, authorization: 'Bearer t' },
    })
    receiver.reply = () => ({ status: 200 })
    const startMs = world.clock.now()
    const notice = noticeOf({ atMs: startMs, startsAtMs: startMs })
    await world.put(notice)
    await world.told()
    for (let n = 0; n < 3; n++) {
      const nowMs = world.clock.now()
      const [alert] = (receiver.received.at(-1)?.body ?? []) as Pushed[]
      expect(Date.parse(alert?.endsAt ?? '')).toBe(
        nowMs + ALERTMANAGER_REPEATS_MISSED_MAX * ALERTMANAGER_REPEAT_MS,
      )
      world.clock.advance(ALERTMANAGER_REPEAT_MS - 1)
      await world.turn()
      expect(receiver.received).toHaveLength(n + 1)
      world.clock.advance(1)
      await world.turn()
    }
    const endMs = world.clock.now() + 1
    await world.put(resolvedOf(notice, { atMs: endMs, endsAtMs: endMs }))
    await world.told()
    world.clock.advance(NOTIFICATION_TRIED_FOR_MS)
    await world.turn()
    expect(receiver.received.map(({ path }) => path)).toEqual(Array(5).fill('/am/api/v2/alerts'))
    expect(receiver.received[0]?.headers.authorization).toBe('Bearer t')
    const all = receiver.received.map(({ body }) => (body as Pushed[])[0])
    expect(new Set(all.map((alert) => JSON.stringify([alert?.labels, alert?.startsAt]))).size).toBe(1)
    expect(Date.parse(all.at(-1)?.endsAt ?? '')).toBe(endMs)
    // What is said every minute is said once in the log.
    expect((await world.log(id)).map(({ firing, resolved }) => [firing, resolved])).toEqual([
      [0, 1],
      [1, 0],
    ])
  })

  it('[NO13] Alertmanager: what still fires is never given up', async () => {
    const { id } = await world.channel({ kind: 'alertmanager', settings: { url: receiver.url } })
    receiver.reply = () => ({ status: 500 })
    await world.put(noticeOf())
    await world.told()
    for (let n = 0; n < 5; n++) {
      world.clock.advance(NOTIFICATION_TRIED_FOR_MS)
      await world.turn()
    }
    receiver.reply = () => ({ status: 200 })
    world.clock.advance(NOTIFICATION_WAIT_MS.longest)
    await world.turn()
    const outcomes = (await world.log(id)).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual(['delivered', ...Array<string>(6).fill('retried')])
  })
})
