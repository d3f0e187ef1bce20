import { canonicalJson } from '#lib/kernel/json.ts'
import { hash53 } from '#lib/engine/crdt/hash53.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { History } from './history.ts'
import { newest } from './history.ts'
import type { Invariant } from './violation.ts'

type Positions = Readonly<Record<string, readonly [number, number?]>>

/** SHA-256. */
const MAC_BYTES = 32

/** The payload of a token, read without its key. */
export function positionsIn(token: string): { readonly epoch: number; readonly positions: Positions } {
  const bytes = Buffer.from(token, 'base64url')
  const text = bytes.subarray(1, bytes.length - MAC_BYTES).toString('utf8')
  const payload = JSON.parse(text) as { readonly e: number; readonly p: Positions }
  return { epoch: payload.e, positions: payload.p }
}

/** M: a page brings every record whose newest version lies between the two tokens, and no place goes back. */
export function checkPullAnswer(
  history: History,
  asked: URLSearchParams,
  text: string,
  blame: (invariant: Invariant, text: string) => void,
): void {
  const answer = JSON.parse(text) as {
    readonly token: string
    readonly changes: readonly {
      collection: string
      recordId: string
      version: number
      data: JsonObject | null
      textsSince?: Readonly<Record<string, { readonly hash: number }>>
    }[]
  }
  const token = asked.get('token')
  const before = token === null ? {} : positionsIn(token).positions
  const after = positionsIn(answer.token).positions
  const shown = new Map(answer.changes.map((one) => [`${one.collection}/${one.recordId}`, one]))
  for (const [collection, [version]] of Object.entries(before)) {
    if (version > (after[collection]?.[0] ?? 0))
      blame('M', `the place in ${collection} went back from ${version}`)
  }
  for (const [key, record] of history.records) {
    const last = newest(record)
    const place = before[record.collection]
    const from = place?.[0] ?? 0
    // A snapshot shows what is there; what it leaves out is swept when it ends.
    const isSnapshot = place === undefined || place[1] !== undefined
    const to = after[record.collection]?.[0] ?? -1
    if (!last || last.version <= from || last.version > to) continue
    const change = shown.get(key)
    if (!change) {
      if (last.data !== null || !isSnapshot)
        blame('M', `a pull of ${from} to ${to} leaves out ${key} at ${last.version}`)
    } else if (
      change.version < last.version ||
      (change.version === last.version && !sameData(change.data, asTold(last.data, change.textsSince)))
    )
      blame('M', `a pull shows ${key} at ${change.version}, committed is ${last.version}`)
  }
}

/** What was committed, as a page shows it that tells these texts by what came to them: without them, if they read so. */
function asTold(data: JsonObject | null, told: Readonly<Record<string, { readonly hash: number }>> = {}) {
  const shown = structuredClone(data)
  for (const [path, { hash }] of Object.entries(told)) {
    const names = path.slice(1).split('/')
    const last = names.pop() ?? ''
    const parent = names.reduce<unknown>((at, name) => (at as JsonObject)[name], shown) as Record<
      string,
      Json
    >
    if (hash53(String(parent[last])) === hash) parent[last] = ''
  }
  return shown
}

const sameData = (a: JsonObject | null, b: JsonObject | null): boolean =>
  canonicalJson(a) === canonicalJson(b)
