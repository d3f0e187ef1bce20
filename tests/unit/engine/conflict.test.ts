import { describe, expect, it } from 'vitest'
import type { CollectionRules } from '#lib/engine/types.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  RECORD,
  patch,
  put,
  remove,
  rulesOf,
} from '#tests/support/engine-world.ts'
import type { Operation } from '#lib/protocol/mutation.ts'

/** A record {status, note, tags} at version 1, which B has changed to version 2 with `theirs`, stamped at 100 ms. */
function contested(
  rules: Partial<CollectionRules>,
  theirs: Operation = patch({ status: 'theirs' }),
): EngineWorld {
  const server = new EngineWorld(rulesOf(rules))
  server.send(DEVICE_A, put({ status: 'open', note: 'n', place: { x: 1, y: 2 }, tags: ['a'] }))
  server.send(DEVICE_B, theirs, { baseVersion: 1, atMs: 100 })
  return server
}
const newer = { baseVersion: 1, atMs: 200 }
const older = { baseVersion: 1, atMs: 50 }
const data = (server: EngineWorld) => server.record?.data

describe('lww', () => {
  it('[CS1] the higher stamp wins with its whole document, and the loser stays in the conflict row', () => {
    const server = contested({ strategy: 'lww' })
    const result = server.send(DEVICE_A, patch({ note: 'mine' }), newer)
    expect(result).toMatchObject({
      status: 'merged',
      version: 3,
      resolution: { strategy: 'lww', outcome: 'local' },
    })
    expect(data(server)).toEqual({ status: 'open', note: 'mine', place: { x: 1, y: 2 }, tags: ['a'] })
    expect(server.last.effects[0]?.conflict).toMatchObject({
      remote: { status: 'theirs' },
      outcome: 'local',
      fields: ['/note', '/status'],
    })
  })

  it('[CS1] the lower stamp is superseded, and makes no version', () => {
    const server = contested({ strategy: 'lww' })
    const result = server.send(DEVICE_A, patch({ status: 'mine' }), older)
    expect(result).toMatchObject({ status: 'superseded', record: { version: 2, data: { status: 'theirs' } } })
    expect(server.record?.version).toBe(2)
    expect(server.last.effects[0]?.conflict).toMatchObject({
      local: { status: 'mine' },
      outcome: 'remote',
      result: { status: 'theirs' },
    })
  })

  it('[CS1] equal times fall to the device id', () => {
    const server = new EngineWorld()
    server.send(DEVICE_B, put({ by: 'b' }))
    expect(server.send(DEVICE_A, put({ by: 'a' })).status).toBe('superseded')
    expect(server.send(DEVICE_C, put({ by: 'c' })).status).toBe('merged')
  })

  it('[CS1] a stamp never goes back: the next writer is measured against the newest', () => {
    const server = contested({ strategy: 'lww' })
    server.send(DEVICE_B, patch({ note: 'late' }), { baseVersion: 2, atMs: -5_000 })
    expect(server.record?.hlc).toContain(DEVICE_B)
    expect(server.send(DEVICE_A, patch({ note: 'x' }), older).status).toBe('superseded')
  })
})

describe('fww', () => {
  it('[CS2] only a mutation on the current version is applied', () => {
    const server = contested({ strategy: 'fww' })
    expect(server.send(DEVICE_A, patch({ note: 'mine' }), newer)).toMatchObject({
      status: 'conflict',
      record: { version: 2 },
    })
    expect(server.record?.version).toBe(2)
    expect(server.last.effects[0]?.conflict).toMatchObject({
      strategy: 'fww',
      outcome: 'manual',
      result: null,
      resolution: null,
    })
    expect(server.send(DEVICE_A, patch({ note: 'mine' }), { baseVersion: 2 })).toMatchObject({
      status: 'applied',
      version: 3,
    })
  })
})

describe('field-merge', () => {
  const merge = { strategy: 'field-merge', tieRule: 'lww' } as const

  it('[CS3] disjoint fields merge', () => {
    const server = contested(merge)
    const result = server.send(DEVICE_A, patch({ note: 'mine' }), older)
    expect(result).toMatchObject({ status: 'merged', resolution: { outcome: 'merge', fields: [] } })
    expect(data(server)).toMatchObject({ status: 'theirs', note: 'mine' })
  })

  it('[CS3] nested objects merge by path, arrays are one value', () => {
    const server = contested(merge, patch({ '/place/x': 10, '/tags/-': 'theirs' }))
    server.send(DEVICE_A, patch({ '/place/y': 20, '/tags/-': 'mine' }), newer)
    expect(data(server)).toMatchObject({ place: { x: 10, y: 20 }, tags: ['a', 'mine'] })
    expect(server.last.effects[0]?.conflict?.fields).toEqual(['/tags'])
  })

  it('[CS3] equal values are no conflict', () => {
    const server = contested(merge)
    expect(server.send(DEVICE_A, patch({ status: 'theirs' }), newer)).toMatchObject({
      status: 'applied',
      version: 3,
    })
    expect(server.last.effects[0]?.conflict).toBeNull()
  })

  it('[CS3] the same field falls to the tie rule: lww', () => {
    const won = contested(merge)
    expect(won.send(DEVICE_A, patch({ status: 'mine', note: 'm' }), newer)).toMatchObject({
      resolution: { outcome: 'local', fields: ['/status'] },
    })
    const lost = contested(merge)
    expect(lost.send(DEVICE_A, patch({ status: 'mine', note: 'm' }), older)).toMatchObject({
      status: 'merged',
      resolution: { outcome: 'merge' },
    })
    expect(data(lost)).toMatchObject({ status: 'theirs', note: 'm' })
    expect(contested(merge).send(DEVICE_A, patch({ status: 'mine' }), older).status).toBe('superseded')
  })

  it.each(['fww', 'manual'] as const)(
    '[CS3] the same field falls to the tie rule: %s sends the whole mutation to a person',
    (tieRule) => {
      const server = contested({ ...merge, tieRule })
      expect(server.send(DEVICE_A, patch({ status: 'mine', note: 'm' }), newer).status).toBe('conflict')
      expect(server.last.effects[0]?.conflict).toMatchObject({ strategy: tieRule, fields: ['/status'] })
      expect(data(server)).toMatchObject({ status: 'theirs', note: 'n' })
    },
  )

  it('[CS3] a field has the strategy of its nearest pointer', () => {
    const rules = {
      strategy: 'lww',
      fieldStrategies: { '/place': 'field-merge', '/place/x': 'fww', '/note': 'fww' },
    } as const
    const server = contested({ ...rules, tieRule: 'lww' }, patch({ status: 'theirs', '/place/y': 3 }))
    expect(server.send(DEVICE_A, patch({ status: 'mine', note: 'm', '/place/x': 9 }), newer)).toMatchObject({
      resolution: { fields: ['/status'] },
    })
    expect(data(server)).toMatchObject({ status: 'mine', note: 'm', place: { x: 9, y: 3 } })
    const asked = contested({ ...rules, tieRule: 'lww' }, patch({ note: 'theirs' }))
    expect(asked.send(DEVICE_A, patch({ note: 'm' }), newer).status).toBe('conflict')
  })

  it('[CS3] with an unknown base every touched field is in conflict', () => {
    const server = contested({ ...merge, tieRule: 'manual' })
    expect(
      server.send(DEVICE_A, patch({ note: 'mine' }), { ...newer, baseVersion: 1, baseEpoch: 9 }).status,
    ).toBe('conflict')
    expect(server.last.effects[0]?.conflict).toMatchObject({ baseKnown: false, fields: ['/note'] })
    const settled = contested(merge)
    settled.send(DEVICE_A, patch({ note: 'mine' }), { ...newer, baseEpoch: 9 })
    expect(data(settled)).toMatchObject({ status: 'theirs', note: 'mine' })
  })
})

describe('every resolution', () => {
  it('[CS7] writes a conflict row with base, local, remote, result, strategy and outcome', () => {
    const server = contested({ strategy: 'field-merge', tieRule: 'lww' })
    const result = server.send(DEVICE_A, patch({ note: 'mine' }), newer)
    const row = server.last.effects[0]?.conflict
    expect(row).toMatchObject({
      strategy: 'field-merge',
      outcome: 'merge',
      baseKnown: true,
      base: { status: 'open', note: 'n' },
      local: { status: 'open', note: 'mine' },
      remote: { status: 'theirs', note: 'n' },
      result: { status: 'theirs', note: 'mine' },
    })
    expect(result).toMatchObject({ conflictId: row?.id, resolution: row?.resolution })
  })

  it('[CS7] what nobody contested writes none', () => {
    const server = contested({ strategy: 'fww' })
    server.send(DEVICE_A, patch({ note: 'x' }), { baseVersion: 2 })
    expect(server.last.effects[0]?.conflict).toBeNull()
  })
})

describe('edit × delete', () => {
  it('[CS9] lww: the higher stamp, either way round', () => {
    const edited = contested({ strategy: 'lww' }, remove)
    expect(edited.send(DEVICE_A, patch({ note: 'mine' }), newer)).toMatchObject({ status: 'merged' })
    expect(data(edited)).toMatchObject({ status: 'open', note: 'mine' })
    expect(
      contested({ strategy: 'lww' }, remove).send(DEVICE_A, patch({ note: 'mine' }), older),
    ).toMatchObject({ status: 'superseded', record: { deleted: true, data: null } })
    const deleted = contested({ strategy: 'lww' })
    expect(deleted.send(DEVICE_A, remove, newer)).toMatchObject({
      status: 'merged',
      record: { deleted: true },
    })
    expect(contested({ strategy: 'lww' }).send(DEVICE_A, remove, older).status).toBe('superseded')
  })

  it('[CS9] fww: a conflict', () => {
    expect(contested({ strategy: 'fww' }, remove).send(DEVICE_A, patch({ note: 'x' }), newer).status).toBe(
      'conflict',
    )
    expect(contested({ strategy: 'fww' }).send(DEVICE_A, remove, newer).status).toBe('conflict')
  })

  it('[CS9] field-merge: the tie rule over the whole record', () => {
    expect(
      contested({ strategy: 'field-merge', tieRule: 'lww' }, remove).send(
        DEVICE_A,
        patch({ note: 'x' }),
        newer,
      ).status,
    ).toBe('merged')
    expect(
      contested({ strategy: 'field-merge', tieRule: 'lww' }, remove).send(
        DEVICE_A,
        patch({ note: 'x' }),
        older,
      ).status,
    ).toBe('superseded')
    expect(
      contested({ strategy: 'field-merge', tieRule: 'manual' }).send(DEVICE_A, remove, newer).status,
    ).toBe('conflict')
  })

  it('[CS9] a put with base 0 recreates, and nothing else brings a tombstone back', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'fww' }))
    server.send(DEVICE_A, put({ a: 1 }))
    server.send(DEVICE_A, remove, { baseVersion: 1 })
    expect(server.send(DEVICE_A, patch({ a: 2 }), { baseVersion: 2 }).status).toBe('conflict')
    expect(server.send(DEVICE_A, put({ a: 2 }), { baseVersion: 2 }).status).toBe('conflict')
    expect(server.send(DEVICE_B, put({ a: 3 }))).toMatchObject({ status: 'applied', version: 3 })
    expect(data(server)).toEqual({ a: 3 })
  })

  it('[CS9] delete on delete is no conflict', () => {
    const server = contested({ strategy: 'fww' }, remove)
    expect(server.send(DEVICE_A, remove, newer)).toMatchObject({ status: 'applied', version: 3 })
    expect(server.record?.deleted).toBe(true)
  })

  it('[CS9] an edit of a purged record is a conflict without a record', () => {
    const server = new EngineWorld()
    expect(server.send(DEVICE_A, patch({ a: 1 }), { baseVersion: 7 })).toMatchObject({
      status: 'conflict',
      record: null,
    })
    expect(server.send(DEVICE_A, put({ a: 1 }), { baseVersion: 7 })).toMatchObject({
      status: 'conflict',
      record: null,
    })
    expect(server.world.records.size).toBe(0)
    expect(server.send(DEVICE_A, remove, { baseVersion: 7 }).status).toBe('applied')
  })

  it('[CS9] half a document does not win over a delete', () => {
    const server = contested({ strategy: 'lww', schema: { required: ['status'] } }, remove)
    expect(server.send(DEVICE_A, patch({ note: 'x' }), { ...newer, baseEpoch: 9 }).status).toBe('conflict')
    expect(server.send(DEVICE_A, put({ status: 'whole' }), { ...newer, baseEpoch: 9 }).status).toBe('merged')
    expect(server.record?.recordId).toBe(RECORD)
  })
})

describe('concurrency', () => {
  it('[CC1] a device’s own later versions are not concurrent, another’s are', () => {
    const server = new EngineWorld(rulesOf({ strategy: 'fww' }))
    server.send(DEVICE_A, put({ a: 1 }))
    server.send(DEVICE_A, patch({ a: 2 }), { baseVersion: 1 })
    expect(server.send(DEVICE_A, patch({ b: 1 }), { baseVersion: 1 }).status).toBe('applied')
    expect(data(server)).toEqual({ a: 2, b: 1 })
    server.send(DEVICE_B, patch({ c: 1 }), { baseVersion: 3 })
    expect(server.send(DEVICE_A, patch({ b: 2 }), { baseVersion: 3 }).status).toBe('conflict')
  })

  it('[CC1] a merge does not hide what it merged from a later mutation on the old base', () => {
    const server = contested({ strategy: 'field-merge', tieRule: 'manual' })
    server.send(DEVICE_A, patch({ note: 'mine' }), newer)
    expect(server.send(DEVICE_A, patch({ status: 'mine' }), newer).status).toBe('conflict')
  })

  it('[CC1] a base that is purged, or newer than the record, counts as concurrent', () => {
    const server = contested({ strategy: 'fww' })
    server.send(DEVICE_B, patch({ note: 'x' }), { baseVersion: 2 })
    server.world = { ...server.world, bases: new Map() }
    expect(server.send(DEVICE_B, patch({ note: 'y' }), { baseVersion: 2 }).status).toBe('conflict')
    expect(server.send(DEVICE_B, patch({ note: 'y' }), { baseVersion: 99 }).status).toBe('conflict')
  })
})
