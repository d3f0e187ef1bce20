import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isApplicationError } from '#lib/application/errors.ts'
import { incomingOf, parsePush } from '#lib/application/sync/parse-push.ts'
import { checkRules, findViolation } from '#lib/engine/business-rules.ts'
import { checkSchema } from '#lib/engine/check-schema.ts'
import { parseDot } from '#lib/engine/crdt/dots.ts'
import { deltaOf, mergeStates, readState } from '#lib/engine/crdt/crdt-state.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { checkUpMigrations } from '#lib/engine/schema-evolution/check-up-migrations.ts'
import { migrateDocument, migrateMutation } from '#lib/engine/schema-evolution/migrate.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import { pullQuery, reportHeader } from '#lib/http/pull-query.ts'
import { readJson } from '#lib/http/read-json.ts'
import { parseHlc } from '#lib/kernel/hlc.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { recordWrite, writtenByOthersSince } from '#lib/kernel/version-vector.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import { crdtChange } from '#lib/protocol/crdt.ts'
import { deviceInfo, enrollRequest, heartbeatRequest } from '#lib/protocol/device.ts'
import { mutation as mutationSchema } from '#lib/protocol/mutation.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { deviceReport } from '#lib/protocol/report.ts'
import { upMigration } from '#lib/protocol/rules.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import { sessionsRequest } from '#lib/protocol/session.ts'
import { cases } from '#tests/support/cases.ts'
import {
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  newId,
  pushOf,
  put,
  rulesOf,
  stamp,
} from '#tests/support/engine-world.ts'
import { bounded, hostileJson, hostileKey, hostileObject, spoiled } from '#tests/support/hostile-json.ts'

const MAX = Number.MAX_SAFE_INTEGER
const crdtChanges: readonly CrdtChange[] = [
  { path: '/n', kind: 'g-counter', state: { [DEVICE_A]: MAX } },
  { path: '/n', kind: 'g-counter', state: { [DEVICE_A]: 1 } },
  { path: '/m', kind: 'pn-counter', state: { p: { [DEVICE_A]: MAX }, n: { [DEVICE_A]: MAX - 1 } } },
  {
    path: '/s',
    kind: 'or-set',
    add: [{ value: 'x', dot: `${DEVICE_A}:${MAX}` }],
    remove: [`${DEVICE_B}:${MAX}`],
  },
  { path: '/r', kind: 'lww-register', value: { deep: [1] }, hlc: stamp(DEVICE_A) },
  { path: '/t', kind: 'text', update: 'AQGgAQAEAQF0BWhlbGxvAA==' },
  { path: '/t', kind: 'text', update: 'AQEBAAQBAXT/////DwA=' },
]
const operations: readonly Mutation['op'][] = [
  put({ n: 1, s: ['a'], t: 'text', a: { b: [1, { c: null }] } }),
  { type: 'patch', set: { n: 2, '/a/b/0': 3, '/a/b/-': 4 }, unset: ['s', '/a/c'] },
  { type: 'delete' },
  ...crdtChanges.map((change) => ({ type: 'crdt', changes: [change] }) as const),
  { type: 'crdt', changes: crdtChanges },
  { type: 'ot', path: '/t', kind: 'text', baseRevision: 0, ops: [2, 'x', { d: 1 }] },
  {
    type: 'ot',
    path: '/a',
    kind: 'json',
    baseRevision: 0,
    ops: [
      ['b', 0, { r: true }],
      ['c', { i: { x: 1 } }],
    ],
  },
]
const sound = fc.constantFrom(...operations).map((op) => mutationBy(DEVICE_A, op) as unknown as JsonObject)
const spoiledMutation = sound.chain((mutation) => spoiled(mutation))
const steps: readonly Json[] = [
  { from: 1, to: 2, ops: [{ op: 'rename', path: '/a', to: '/z/a' }] },
  {
    from: 2,
    to: 3,
    ops: [
      { op: 'remove', path: '/n' },
      { op: 'default', path: '/t', value: 'x' },
    ],
  },
  { from: 3, to: 4, ops: [{ op: 'cel', path: '/s', cel: 'has(doc.s) ? doc.s : []' }] },
]
const WORLDS: readonly CollectionRules[] = [
  rulesOf({ strategy: 'lww' }),
  rulesOf({ strategy: 'fww' }),
  rulesOf({ strategy: 'manual' }),
  rulesOf({
    strategy: 'field-merge',
    tieRule: 'manual',
    fieldStrategies: { '/a': 'lww', '/n': 'crdt', '/s': 'crdt' },
  }),
  rulesOf({ strategy: 'crdt' }),
  rulesOf({ strategy: 'ot' }),
  rulesOf({
    strategy: 'field-merge',
    fieldStrategies: { '/t': 'ot' },
    schemaVersion: 4,
    upMigrations: steps as unknown as CollectionRules['upMigrations'],
    rules: [{ id: 'r', cel: 'new == null || !has(new.a) || size(new.a) < 5', message: 'no' }],
    schema: { type: 'object', properties: { n: { type: 'integer' } } },
  }),
]

/** A URL holds no half of a surrogate pair. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

/** Nothing but an answer of ours may come out of a door. */
function expected(run: () => unknown): void {
  try {
    bounded(run)
  } catch (error) {
    if (!isApplicationError(error)) throw error
  }
}

describe('hostile input at the doors of the engine', () => {
  it('[CS8] a push is parsed or refused, whatever stands in it', () => {
    const envelope = spoiledMutation.chain((mutation) =>
      spoiled({
        requestId: newId(),
        epoch: 1,
        mutations: [mutation],
        report: { state: 'idle', seq: 1, nonce: 'n' },
      }),
    )
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: envelope }, { weight: 1, arbitrary: hostileJson }),
        (body) => {
          expected(() => parsePush(body, null))
        },
      ),
      { numRuns: cases(300) },
    )
  })

  it('[CS8] what the contract lets through is decided, by every strategy, on what others and it did before', () => {
    const few = fc.array(spoiledMutation, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom(...WORLDS), few, (rules, bodies) => {
        const server = new EngineWorld(rules)
        server.send(DEVICE_B, put({ n: 1, s: ['a'], t: 'text', a: { b: [1] } }))
        for (const body of bodies) {
          const checked = safeParse(mutationSchema, body)
          if (!checked.success) continue
          const made = body as unknown as Mutation
          const push = { ...pushOf(DEVICE_A, []), mutations: [incomingOf(made)] }
          const [result] = bounded(() => server.take(push))
          expect(result?.id).toBe(made.id)
          const { data } = server.record ?? { data: null }
          expect(() => JSON.stringify(data)).not.toThrow()
        }
      }),
      { numRuns: cases(500) },
    )
  })

  it('[CS4] a delta of any kind is a state or a typed failure, and joins with itself', () => {
    const change = fc.constantFrom(...crdtChanges).chain((each) => spoiled(each as unknown as JsonObject))
    fc.assert(
      fc.property(change, (body) => {
        const checked = safeParse(crdtChange, body)
        if (!checked.success) return
        bounded(() => {
          const state = deltaOf(body as unknown as CrdtChange, yjsText)
          if (!state.ok) return
          const joined = mergeStates(state.value, state.value, yjsText)
          expect(joined.ok && readState(joined.value, yjsText).ok).toBe(true)
        })
      }),
      { numRuns: cases(400) },
    )
  })

  it('[CS4] totals and dots at the end of the numbers are kept or told, never wrong', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'crdt' }))
    const count = (deviceId: string, p: number) =>
      server.send(deviceId, {
        type: 'crdt',
        changes: [{ path: '/n', kind: 'pn-counter', state: { p: { [deviceId]: p } } }],
      })
    expect(count(DEVICE_A, MAX).status).toBe('applied')
    expect(count(DEVICE_A, MAX + 1)).toMatchObject({ status: 'dead_lettered' })
    const both = count(DEVICE_B, MAX)
    const { data } = server.record ?? { data: null }
    expect(['applied', 'dead_lettered']).toContain(both.status)
    expect(Number.isFinite(data?.['n'])).toBe(true)
    const add = (n: number) =>
      server.send(DEVICE_A, {
        type: 'crdt',
        changes: [{ path: '/s', kind: 'or-set', add: [{ value: 1, dot: `${DEVICE_A}:${n}` }] }],
      })
    expect(add(MAX).status).toBe('applied')
    expect(add(MAX + 1).status).toBe('dead_lettered')
    expect(
      server.send(
        DEVICE_A,
        { type: 'patch', set: { s: [1, 2] } },
        { baseVersion: server.record?.version ?? 0 },
      ).status,
    ).toBe('applied')
  })

  it('[JS2] any schema is refused or used, and any document fits it or has its issues told', () => {
    const KEYWORDS = [
      'type',
      'properties',
      'items',
      'anyOf',
      'not',
      'required',
      'enum',
      'const',
      '$ref',
      '$defs',
      'pattern',
      'patternProperties',
      'uniqueItems',
      'minLength',
      'additionalProperties',
      'if',
      'multipleOf',
      'contains',
      '$dynamicRef',
      'unevaluatedItems',
      'format',
      'dependentSchemas',
    ]
    const { schema } = fc.letrec<{ schema: Json }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(
          true,
          false,
          { $ref: '#' },
          { $ref: '#/$defs/a' },
          { pattern: '(a+)+$' },
          { type: 'object' },
        ),
        fc
          .array(
            fc.tuple(
              fc.constantFrom(...KEYWORDS),
              fc.oneof(tie('schema'), hostileJson, fc.array(tie('schema'), { maxLength: 3 })),
            ),
            { maxLength: 4 },
          )
          .map((entries) => Object.fromEntries(entries) as JsonObject),
      ),
    }))
    fc.assert(
      fc.property(fc.oneof(schema, hostileJson), hostileObject, (candidate, document) => {
        bounded(() => checkSchema(candidate))
        if (typeof candidate === 'boolean' || isJsonObject(candidate))
          bounded(() => validateDocument({ schema: candidate }, document))
      }),
      { numRuns: cases(400) },
    )
  })

  it('[BL2] any text as a rule compiles or is told, and any document is judged', () => {
    const PIECES = [
      'new',
      'old',
      '.a',
      '["__proto__"]',
      '.constructor',
      ' + ',
      ' && ',
      ' == ',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '1',
      '9223372036854775808',
      '1e400',
      '"x"',
      '\u0000',
      '\ud800',
      'size(',
      'has(',
      '.all(x, ',
      '.matches("(a+)+$")',
      '? ',
      ': ',
      '!',
      '-',
      'null',
      'in ',
    ]
    const source = fc.oneof(
      fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((all) => all.join('')),
      fc.string({ maxLength: 40 }),
      fc.constantFrom(
        '('.repeat(1_900),
        '!'.repeat(1_999),
        '['.repeat(1_999),
        'new.a'.repeat(390),
        'new.l.all(x, new.l.all(y, new.l.all(z, x == y)))',
        'size(new) > 0 && new.a.a.a.a == null',
        'new == old',
      ),
    )
    const device = { id: DEVICE_A, platform: 'ios', appVersion: '1' } as const
    fc.assert(
      fc.property(
        source,
        fc.option(hostileObject, { nil: null }),
        fc.option(hostileObject, { nil: null }),
        (cel, now, old) => {
          const rules = [{ id: 'r', cel, message: 'm' }]
          bounded(() => checkRules(rules))
          bounded(() => findViolation(rules, { old, new: now, device }))
        },
      ),
      { numRuns: cases(500) },
    )
  })

  it('[DL5] up-migrations of any shape are refused or carried out on any document and mutation', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...steps).chain(spoiled),
        hostileObject,
        spoiledMutation,
        (step, document, body) => {
          const checked = safeParse(upMigration, step)
          if (!checked.success) return
          const migrations = [checked.data]
          bounded(() => checkUpMigrations(migrations, 9))
          const evolving = { schemaVersion: 9, upMigrations: migrations }
          bounded(() => migrateDocument(evolving, document, 1))
          if (safeParse(mutationSchema, body).success)
            bounded(() => migrateMutation(evolving, body as unknown as Mutation))
        },
      ),
      { numRuns: cases(300) },
    )
  })

  it('[SM1] reports, sessions, enrollments, queries, stamps, dots and vectors are read or refused', () => {
    const report = {
      state: 'idle',
      seq: 1,
      nonce: 'n',
      outbox: { depth: 1, oldestMadeAt: null, byCollection: { a: 1 } },
      clock: { offsetMs: 1, rttMs: 2 },
      ackCommands: [],
    }
    const session = {
      sessionId: newId(),
      mode: 'delta',
      startedAt: '2023-11-14T22:13:20.000Z',
      endedAt: '2023-11-14T22:13:21.000Z',
      result: 'ok',
      transitions: [{ from: 'idle', event: 'due', to: 'scanning', at: '2023-11-14T22:13:20.000Z' }],
      attempts: [],
      pushed: 1,
      pulled: MAX,
      conflicts: 0,
      deadLettered: 0,
      queueDepthBefore: 1,
      queueDepthAfter: 0,
      oldestPendingAt: null,
    }
    const enrollment = {
      requestId: newId(),
      deviceId: newId(),
      device: { name: 'x', platform: 'ios', appVersion: '1' },
    }
    const bodies = [report, { report }, { sessions: [session] }, enrollment, enrollment.device] as const
    const texts = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.constantFrom(stamp(DEVICE_A), `${DEVICE_A}:1`, '😅', '\ud800', '\u0000'),
    )
    fc.assert(
      fc.property(fc.constantFrom<Json>(...bodies).chain(spoiled), texts, hostileKey, (body, text, key) => {
        for (const schema of [deviceReport, heartbeatRequest, sessionsRequest, enrollRequest, deviceInfo])
          expected(() => safeParse(schema, body))
        const query = new URLSearchParams({ token: text, collections: key, limit: text })
        expected(() => pullQuery(`http://x.test/api/v1/pull?${query}`))
        expected(() =>
          pullQuery(`http://x.test/api/v1/pull?limit=${encodeURIComponent(wellFormed(text))}&token=%ff%00`),
        )
        expected(() => reportHeader(new Headers({ 'tidemark-report': encodeURIComponent(wellFormed(text)) })))
        bounded(() => [parseHlc(text), parseDot(text)])
        const vector = { [key]: MAX, [DEVICE_A]: 1 }
        bounded(() => {
          expect(recordWrite(recordWrite(vector, text, 1), DEVICE_A, 2)[DEVICE_A]).toBe(2)
          expect(writtenByOthersSince(vector, DEVICE_A, 1)).toBe(true)
        })
      }),
      { numRuns: cases(300) },
    )
  })

  it('[CS8] bodies are JSON within bounds or are refused, however deep, wide or broken', async () => {
    const asked = (text: BodyInit): Promise<unknown> =>
      readJson(
        new Request('http://x.test/', {
          method: 'POST',
          body: text,
          headers: { 'content-type': 'application/json' },
        }),
      )
    const refused = [
      '['.repeat(100_000) + ']'.repeat(100_000),
      '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000),
      `{${Array.from({ length: 1_001 }, (_, i) => `"${i}":1`).join()}}`,
      '{"a":1e400}',
      '[-1e999]',
      '9'.repeat(400),
      '\ud800',
      '"\\ud800',
      new Uint8Array([0x22, 0xff, 0x22]),
      '{"a":1,}',
      `"${'x'.repeat(1024 * 1024)}"`,
    ]
    for (const text of refused) {
      const error: unknown = await asked(text).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      expect(isApplicationError(error), String(text).slice(0, 40)).toBe(true)
    }
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          hostileJson.map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        async (text) => {
          await asked(text).catch((error: unknown) => {
            if (!isApplicationError(error)) throw error
          })
        },
      ),
      { numRuns: cases(150) },
    )
  })
})
