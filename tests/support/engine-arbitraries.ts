import fc from 'fast-check'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { IncomingPush } from '#lib/engine/types.ts'
import { COLLECTION, DEVICE_A, DEVICE_B, DEVICE_C, incomingOf, stamp, uuid } from './engine-world.ts'

export const anyJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
const wildKey = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'a',
    'b',
    '/a',
    '/a/0',
    '/a/-',
    '/b/__proto__',
    '/~2',
    '//',
    '',
  ),
  fc.string(),
)
export const anyObject = fc.dictionary(wildKey, anyJson, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>

/** Any operation at all, whether or not it makes sense. */
export const wildOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), data: anyObject }),
  fc.record({
    type: fc.constant('patch' as const),
    set: anyObject,
    unset: fc.array(wildKey, { maxLength: 3 }),
  }),
  fc.constant({ type: 'delete' as const }),
)

const value = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('bad', null))
const document = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, {
  maxKeys: 3,
}) as fc.Arbitrary<JsonObject>

/** Operations over few fields, so that they meet. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('put' as const), data: document }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('patch' as const),
      set: document,
      unset: fc.subarray(['a', 'b', 'c'], { maxLength: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'delete' as const }) },
)

export const DEVICES = [DEVICE_A, DEVICE_B, DEVICE_C]

/** Mostly what a well-behaved device does; each strange thing one time in some twenty. */
const seldom = <T>(usual: fc.Arbitrary<T>, strange: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 20, arbitrary: usual }, { weight: 1, arbitrary: strange })

interface Draw {
  readonly repeats: number | undefined
  readonly op: Operation
  readonly record: number
  readonly collection: string
  readonly base: number
  readonly epoch: number | undefined
  /** How many mutations back the parent stands, of whatever device and record. */
  readonly after: number | undefined
  readonly schemaVersion: number
  readonly atMs: number
  readonly unknownField: string | null
}

const draw: fc.Arbitrary<Draw> = fc.record({
  repeats: seldom<number | undefined>(fc.constant(undefined), fc.nat(20)),
  op: operation,
  record: fc.integer({ min: 1, max: 3 }),
  collection: seldom(fc.constant(COLLECTION), fc.constant('nowhere')),
  base: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
  epoch: seldom<number | undefined>(fc.constantFrom(undefined, 1), fc.constant(2)),
  after: fc.oneof(fc.constant(undefined), fc.constantFrom(1, 1, 2, 3, 7)),
  schemaVersion: seldom(fc.constant(1), fc.constant(2)),
  atMs: seldom(fc.integer({ min: -100, max: 100 }), fc.constant(400_000)),
  unknownField: seldom<string | null>(fc.constant(null), fc.constant('extra')),
})

function toMutation(deviceId: string, d: Draw, n: number): Mutation {
  return {
    id: uuid('d', d.repeats ?? n),
    collection: d.collection,
    recordId: uuid('e', d.record),
    baseVersion: d.base,
    baseEpoch: d.epoch,
    after: d.after === undefined ? undefined : uuid('d', Math.max(0, n - d.after)),
    schemaVersion: d.schemaVersion,
    hlc: stamp(deviceId, d.atMs),
    madeAt: '2023-11-14T22:13:20.000Z',
    op: d.op,
  }
}

/** Pushes by three devices that get in each other's way in every way that the wire allows. */
export const pushes: fc.Arbitrary<readonly IncomingPush[]> = fc
  .array(
    fc.record({
      deviceId: fc.constantFrom(...DEVICES),
      draws: fc.array(draw, { maxLength: 6 }),
      atomic: seldom(fc.constant(false), fc.constant(true)),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((drawn) => {
    let n = 0
    return drawn.map(({ deviceId, draws, atomic }, i) => ({
      deviceId,
      requestId: uuid('c', i),
      sessionId: null,
      atomic,
      byDesk: false,
      device: { id: deviceId, platform: 'ios' as const, appVersion: '1.0.0' },
      verdicts: new Map(),
      replayOf: null,
      editOf: null,
      mutations: draws.map((d) => ({
        ...incomingOf(toMutation(deviceId, d, ++n)),
        unknownField: d.unknownField,
      })),
    }))
  })
