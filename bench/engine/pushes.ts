import { STRIKE_REPORT_SCHEMA } from '#lib/application/demo/collections.ts'
import { compileAccept } from '#lib/engine/accept-document.ts'
import { applyEffects, decidePush } from '#lib/engine/push.ts'
import type { CollectionRules, IncomingPush, PushWorld } from '#lib/engine/types.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { emptyWorld, pushOf, rulesOf } from '#tests/support/engine-world.ts'

/** Of the mutations of a push, this many are new records, the others changes of known ones. */
const NEW = 20
/** Of those this many were made before another device's change of the same record, which got there first. */
const BEHIND = 10
export const MUTATIONS = 50

const COLLECTION = 'strike-reports'
const SERVER_MS = Date.UTC(2026, 0, 1)

/** A push with the world that the server has loaded for it. */
export interface Question {
  readonly world: PushWorld
  readonly push: IncomingPush
}

export const newId = (): string => uuidv7(SERVER_MS, Math.random)

/** A push of new and known records under this strategy, half of it in the way of others' as above. */
export function questionUnder(strategy: StrategyName, report: () => JsonObject): Question {
  const [first, second, third] = [newId(), newId(), newId()]
  const records = Array.from({ length: MUTATIONS }, newId)
  const known = records.slice(NEW)
  const write = (
    device: string,
    recordId: string,
    baseVersion: number,
    atMs: number,
    op: Operation,
  ): Mutation => ({
    id: newId(),
    collection: COLLECTION,
    recordId,
    baseVersion,
    schemaVersion: 1,
    hlc: formatHlc({ wallMs: SERVER_MS + atMs, counter: 0, deviceId: device }),
    madeAt: new Date(SERVER_MS + atMs).toISOString(),
    op,
  })
  const put = (): Operation => ({ type: 'put', data: { ...report(), remarks: 'seen' } })
  const change = (device: string): Operation => changeUnder(strategy, device)
  let world: PushWorld = { ...emptyWorld(rulesUnder(strategy)), nowMs: SERVER_MS + 1_000 }
  const before = (push: IncomingPush): void => {
    world = applyEffects(world, decidePush(world, push, newId))
  }
  before(
    pushOf(
      first,
      known.map((id) => write(first, id, 0, 0, put())),
    ),
  )
  const firsts = known.map((id, i) => ({ id, version: i + 1 }))
  const passed = firsts.slice(0, BEHIND)
  before(
    pushOf(
      second,
      passed.map(({ id, version }) => write(second, id, version, 1, change(second))),
    ),
  )
  const mutations = [
    ...records.slice(0, NEW).map((id) => write(third, id, 0, 2, put())),
    ...firsts.map(({ id, version }) => write(third, id, version, 2, change(third))),
  ]
  // Of the log the server loads only what a push names.
  return { world: { ...world, mutations: new Map() }, push: pushOf(third, mutations) }
}

function changeUnder(strategy: StrategyName, device: string): Operation {
  if (strategy === 'crdt') {
    return { type: 'crdt', changes: [{ path: '/visits', kind: 'g-counter', state: { [device]: 1 } }] }
  }
  if (strategy === 'ot') {
    return { type: 'ot', path: '/remarks', kind: 'text', baseRevision: 0, ops: ['twice '] }
  }
  return { type: 'patch', set: { status: 'inspected', inspectedBy: device } }
}

function rulesUnder(strategy: StrategyName): CollectionRules {
  const properties = { ...(STRIKE_REPORT_SCHEMA['properties'] as JsonObject), visits: { type: 'integer' } }
  const schema = { ...STRIKE_REPORT_SCHEMA, properties }
  return rulesOf({ name: COLLECTION, strategy, schema, accepts: compileAccept(schema) })
}
