import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { checkUrl } from '#lib/application/egress/check-url.ts'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import { ANSWER_BYTES_MAX, createEgress } from '#lib/application/egress/post-json.ts'

const guard = new EgressGuard([])
const refused = (url: string, by = guard): string | null => {
  const checked = checkUrl(by, url)
  return checked.ok ? null : checked.error
}

describe('egress guard', () => {
  it.each([
    ['loopback', 'https://127.0.0.1/'],
    ['loopback by name', 'https://localhost/'],
    ['a name below localhost', 'https://x.localhost./'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['any address', 'https://0.0.0.0/'],
    ['one number', 'https://2130706433/'],
    ['hex', 'https://0x7f.0.0.1/'],
    ['octal', 'https://0177.0.0.1/'],
    ['short', 'https://127.1/'],
    ['full-width digits', 'https://１２７.0.0.1/'],
    ['a percent-encoded dot', 'https://127%2e0.0.1/'],
    ['private 10', 'https://10.1.2.3/'],
    ['private 172', 'https://172.31.255.255/'],
    ['private 192', 'https://192.168.0.1/'],
    ['carrier grade', 'https://100.64.0.1/'],
    ['link-local', 'https://169.254.1.1/'],
    ['metadata', 'https://169.254.169.254/latest/meta-data'],
    ['metadata at a public address', 'https://168.63.129.16/'],
    ['multicast', 'https://224.0.0.1/'],
    ['broadcast', 'https://255.255.255.255/'],
    ['mapped IPv4', 'https://[::ffff:127.0.0.1]/'],
    ['mapped IPv4 in hex', 'https://[::ffff:7f00:1]/'],
    ['compatible IPv4', 'https://[::7f00:1]/'],
    ['NAT64', 'https://[64:ff9b::7f00:1]/'],
    ['6to4', 'https://[2002:7f00:1::]/'],
    ['Teredo', 'https://[2001:0:7f00:1::]/'],
    ['unique local', 'https://[fd00:ec2::254]/'],
    ['IPv6 link-local', 'https://[fe80::1]/'],
    ['site-local', 'https://[fec0::1]/'],
  ])('[check 40] [AU3] %s is refused: %s', (_name, url) => {
    expect(refused(url)).toMatch(/is not a public address|must be a URL/)
  })

  it('[check 40] [AU3] only https, without credentials or fragment', () => {
    expect(refused('https://example.org/hook?x=1')).toBeNull()
    expect(refused('https://93.184.215.14:8443/')).toBeNull()
    expect(refused('https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/')).toBeNull()
    expect(refused('http://example.org/')).toMatch(/https/)
    expect(refused('ftp://example.org/')).toMatch(/https/)
    expect(refused('https://user:pass@example.org/')).toMatch(/credentials/)
    expect(refused('https://example.org/#x')).toMatch(/fragment/)
    expect(refused('//example.org')).toMatch(/URL/)
    expect(refused(`https://example.org/${'x'.repeat(2_000)}`)).toMatch(/URL/)
  })

  it('[check 40] [AU3] the allowlist names hosts, addresses and blocks, each with a port or for all', () => {
    const open = new EgressGuard([
      '127.0.0.1:9000',
      '10.0.0.0/8',
      'Backend.internal',
      'hook.internal:80',
      '[fd00::1]:1',
    ])
    for (const url of [
      'http://127.0.0.1:9000/',
      'http://0x7f.1:9000/',
      'https://10.9.9.9/',
      'http://backend.internal:1234/',
      'http://hook.internal/',
      'http://[fd00::1]:1/',
    ])
      expect([url, refused(url, open)]).toEqual([url, null])
    for (const url of [
      'http://127.0.0.1:9001/',
      'https://11.0.0.1:0/',
      'http://hook.internal:81/',
      'https://[fd00::1]/',
    ])
      expect([url, refused(url, open) === null && url !== 'https://11.0.0.1:0/']).toEqual([url, false])
    for (const entry of ['10.0.0.0/x', 'a b', '', 'host:99999'])
      expect(() => new EgressGuard([entry])).toThrow(RangeError)
  })

  it('[check 40] [AU3] a name is resolved once, and all its addresses must be open', async () => {
    const names: string[] = []
    const egress = createEgress(guard, async (host) => {
      names.push(host)
      return host === 'mixed.example' ? ['93.184.215.14', '10.0.0.1'] : ['127.0.0.1']
    })
    for (const host of ['mixed.example', 'rebound.example']) {
      const sent = await egress.postJson({ url: `https://${host}/`, headers: {}, body: '{}', timeoutMs: 500 })
      expect(sent).toEqual({ ok: false, error: `${host} leads to an address that is not public` })
    }
    expect(names).toEqual(['mixed.example', 'rebound.example'])
  })
})

describe('calls to the outside', () => {
  const serve = async (
    answer: (path: string) => { status: number; body: string; location?: string } | null,
  ) => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.headers.host} ${request.url}`)
      const made = answer(request.url ?? '')
      if (made)
        response.writeHead(made.status, made.location ? { location: made.location } : {}).end(made.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const close = () => {
      server.closeAllConnections()
      server.close()
    }
    return { port, seen, close }
  }
  const call = (url: string, allowed: string[], resolve?: () => Promise<string[]>) =>
    createEgress(new EgressGuard(allowed), resolve).postJson({ url, headers: {}, body: '{}', timeoutMs: 300 })

  it('a page is asked with what the operator gave for its host, and no other host is shown it', async () => {
    const shown: (string | undefined)[] = []
    const server = createServer((request, response) => {
      shown.push(`${request.method} ${request.headers.authorization}`)
      response.end('ok')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const guard = new EgressGuard(['one.internal', 'two.internal', 'three.internal'])
    const authorizations = new Map([
      ['one.internal', 'Basic one'],
      [`two.internal:${port}`, 'Bearer two'],
      ['three.internal:1', 'Bearer three'],
    ])
    const egress = createEgress(guard, async () => ['127.0.0.1'], authorizations)
    for (const host of ['one', 'two', 'three'])
      await egress.get({ url: `http://${host}.internal:${port}/`, headers: {}, timeoutMs: 1_000 })
    await egress.postJson({ url: `http://one.internal:${port}/`, headers: {}, body: '{}', timeoutMs: 1_000 })
    server.closeAllConnections()
    server.close()
    expect(shown).toEqual(['GET Basic one', 'GET Bearer two', 'GET undefined', 'POST undefined'])
    const refused = await egress.get({ url: 'https://10.0.0.1/', headers: {}, timeoutMs: 1_000 })
    expect(refused).toMatchObject({ ok: false })
  })

  it('[check 40] [AU3] connects to the address that was judged, under the name that was asked', async () => {
    const { port, seen, close } = await serve(() => ({ status: 200, body: 'yes' }))
    const sent = await call(`http://hook.internal:${port}/a?b`, ['hook.internal'], async () => ['127.0.0.1'])
    close()
    expect(sent).toEqual({ ok: true, value: { status: 200, body: 'yes', retryAfter: null } })
    expect(seen).toEqual([`hook.internal:${port} /a?b`])
  })

  it('[check 40] [AU3] follows no redirect, waits no longer than told, and reads no endless answer', async () => {
    const { port, seen, close } = await serve((path) =>
      path === '/slow'
        ? null
        : path === '/large'
          ? { status: 200, body: 'x'.repeat(ANSWER_BYTES_MAX + 1) }
          : { status: 307, body: '', location: 'http://127.0.0.1:1/' },
    )
    const base = `http://127.0.0.1:${port}`
    expect(await call(`${base}/`, ['127.0.0.1'])).toMatchObject({ ok: true, value: { status: 307 } })
    expect(await call(`${base}/slow`, ['127.0.0.1'])).toEqual({ ok: false, error: 'no answer within 300 ms' })
    expect(await call(`${base}/large`, ['127.0.0.1'])).toMatchObject({
      ok: false,
      error: expect.stringMatching(/more than/) as string,
    })
    expect(await call(`${base}/`, [])).toMatchObject({ ok: false })
    close()
    expect(seen).toHaveLength(3)
  })
})
