import { applyOperation } from '#lib/engine/patch.ts'
import { serverHlcAt } from '#lib/engine/clock-offset.ts'
import type { DeviceConfig } from '#lib/protocol/device.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult, WireRecord } from '#lib/protocol/push.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { SessionReport } from '#lib/protocol/session.ts'

export interface Seen {
  readonly path: string
  readonly body: string
  readonly json: Record<string, unknown>
  readonly report: DeviceReport | null
  readonly query: URLSearchParams
}
type Fault = 'lose_answer' | 'refuse_connection' | 'hang' | Response | undefined

/** What a test may bend: fault before the authority acts (or after, for a lost answer), and results by mutation. */
export interface Script {
  fault: (request: Seen) => Fault
  result: (mutation: Mutation) => MutationResult | undefined
  commands: { id: string; type: string; conflictId?: string; deadLetterId?: string }[]
  /** Conflicts that a person decided, and those that are not known here, for a device that asks. */
  decided: string[]
  unknown: string[]
}

export interface Authority {
  readonly fetch: typeof fetch
  readonly script: Script
  readonly requests: Seen[]
  readonly sessions: SessionReport[]
  /** How often each mutation id had an effect. */
  readonly effects: Map<string, number>
  readonly records: Map<string, WireRecord>
  config: DeviceConfig
  epoch: number
  /** A restore: a new epoch that remembers nothing. */
  restore(): void
  write(recordId: string, data: Record<string, string | number> | null, deviceId?: string): WireRecord
  pushes(): Seen[]
}

export const FLEET = '01900000-0000-7000-8000-00000000f1ee'
export const OTHER_DEVICE = '01900000-0000-7000-8000-0000000000bb'
export const COLLECTION = 'reports'
const CLOCK_AHEAD_MAX_MS = 300_000

export const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ code, status, title: code }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })

/** A small stand-in for the server, last writer wins: enough of the wire contract to see what a device says and keeps. */
export function createAuthority(now: () => number, pageSize = 500): Authority {
  const effects = new Map<string, number>()
  const answered = new Map<string, string>()
  const outcomes = new Map<string, MutationResult>()
  const records = new Map<string, WireRecord>()
  let head = 0
  const self: Authority = {
    fetch: (async (input: string, init: RequestInit) =>
      handle(String(input), init)) as unknown as typeof fetch,
    script: { fault: () => undefined, result: () => undefined, commands: [], decided: [], unknown: [] },
    requests: [],
    sessions: [],
    effects,
    records,
    epoch: 1,
    config: {
      version: 1,
      collections: [
        {
          name: COLLECTION,
          strategy: 'lww',
          fieldStrategies: {},
          tieRule: 'lww',
          schema: { type: 'object', required: ['title'], properties: { title: { type: 'string' } } },
          schemaVersion: 1,
          rules: [],
          upMigrations: [],
          access: 'write',
        },
      ],
      sync: { intervalMs: 30_000, backoff: { baseMs: 1_000, capMs: 300_000 } },
      minAppVersion: null,
    },
    restore() {
      self.epoch += 1
      answered.clear()
      outcomes.clear()
      records.clear()
      head = 0
    },
    write(recordId, data, deviceId = OTHER_DEVICE) {
      head += 1
      const record: WireRecord = {
        collection: COLLECTION,
        recordId,
        version: head,
        deleted: data === null,
        data,
        versionVector: { [deviceId]: head },
        hlc: serverHlcAt(now()),
        schemaVersion: 1,
      }
      records.set(recordId, record)
      return record
    },
    pushes: () => self.requests.filter(({ path }) => path === '/api/v1/push'),
  }

  async function handle(input: string, init: RequestInit): Promise<Response> {
    const url = new URL(input)
    const body = typeof init.body === 'string' ? init.body : ''
    const json = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
    const header = (init.headers as Record<string, string>)['tidemark-report']
    const report =
      header === undefined
        ? (json['report'] as DeviceReport | undefined)
        : (JSON.parse(header) as DeviceReport)
    const seen: Seen = { path: url.pathname, body, json, report: report ?? null, query: url.searchParams }
    self.requests.push(seen)
    const fault = self.script.fault(seen)
    if (fault instanceof Response) return withFacts(fault)
    if (fault === 'refuse_connection')
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
    if (fault === 'hang')
      return new Promise((_, reject) =>
        init.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      )
    const response = withFacts(answer(seen))
    if (fault === 'lose_answer')
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })
    return response
  }

  function withFacts(response: Response): Response {
    response.headers.set('tidemark-now', String(now()))
    response.headers.set('tidemark-config', String(self.config.version))
    response.headers.set('tidemark-epoch', String(self.epoch))
    response.headers.set('tidemark-commands', JSON.stringify(self.script.commands))
    return response
  }

  function answer(seen: Seen): Response {
    switch (seen.path) {
      case '/api/v1/enroll': {
        const token = `tmd_${FLEET}_secret_check`
        const { deviceId } = seen.json
        return Response.json(
          { deviceId, fleetId: FLEET, epoch: self.epoch, token, config: self.config },
          { status: 201 },
        )
      }
      case '/api/v1/config':
        return Response.json(self.config)
      case '/api/v1/push':
        return push(seen)
      case '/api/v1/pull':
        return pull(seen.query)
      case '/api/v1/heartbeat': {
        const asked = (seen.json['conflicts'] ?? []) as string[]
        const { decided, unknown } = self.script
        const among = (ids: readonly string[]): string[] => asked.filter((id) => ids.includes(id))
        return Response.json({ decided: among(decided), unknown: among(unknown) })
      }
      case '/api/v1/sessions': {
        const sessions = seen.json['sessions'] as SessionReport[]
        self.sessions.push(...sessions)
        return Response.json({ results: sessions.map(({ sessionId }) => ({ sessionId, status: 'stored' })) })
      }
      default:
        return problem(404, 'not_found')
    }
  }

  function push(seen: Seen): Response {
    const { requestId, epoch, mutations } = seen.json as {
      requestId: string
      epoch: number
      mutations: Mutation[]
    }
    if (epoch !== self.epoch) return problem(409, 'epoch_changed')
    const stored = answered.get(requestId)
    if (stored !== undefined) return new Response(stored)
    const results = mutations.map(decide)
    const text = JSON.stringify({
      requestId,
      epoch,
      serverHlc: serverHlcAt(now()),
      head: { [COLLECTION]: head },
      results,
    })
    answered.set(requestId, text)
    return new Response(text)
  }

  function decide(mutation: Mutation): MutationResult {
    const { id, recordId, op, hlc } = mutation
    const scripted = self.script.result(mutation)
    if (scripted) return scripted
    const known = outcomes.get(id)
    if (known) return { id, status: 'duplicate', original: known as never }
    if (Number.parseInt(hlc.slice(0, 12), 16) > now() + CLOCK_AHEAD_MAX_MS) {
      return { id, status: 'refused', code: 'clock_out_of_bounds', detail: '', serverHlc: serverHlcAt(now()) }
    }
    const next = applyOperation(records.get(recordId)?.data ?? null, op)
    const record = self.write(recordId, (next.ok ? next.value : null) as never, hlc.slice(18))
    effects.set(id, (effects.get(id) ?? 0) + 1)
    const result: MutationResult = { id, status: 'applied', version: record.version }
    outcomes.set(id, result)
    return result
  }

  function pull(query: URLSearchParams): Response {
    const token = query.get('token')
    const [epoch, position, isSnapshot] = (token ?? `${self.epoch}:0:s`).split(':')
    if (Number(epoch) !== self.epoch) return problem(410, 'token_expired')
    const rows = [...records.values()]
      .filter(({ version }) => version > Number(position))
      .sort((a, b) => a.version - b.version)
    const changes = rows.slice(0, pageSize)
    const hasMore = rows.length > changes.length
    const reached = hasMore ? changes.at(-1)?.version : head
    const snapshots = isSnapshot ? { [COLLECTION]: hasMore ? 'running' : 'complete' } : {}
    return Response.json({
      changes,
      token: `${self.epoch}:${reached}${hasMore && isSnapshot ? ':s' : ''}`,
      hasMore,
      snapshots,
    })
  }
  return self
}
