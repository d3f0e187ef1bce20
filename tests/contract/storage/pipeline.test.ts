import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Statement } from '#lib/storage/prisma/database.ts'
import { Pipeline } from '#lib/storage/prisma/pipeline.ts'
import { BACKENDS, opened } from './world.ts'

const NUMBER: Statement = { name: 'test_number', text: 'SELECT $1::int AS n' }
const DIVIDE: Statement = { name: 'test_divide', text: 'SELECT 10 / $1::int AS n' }
const ROWS: Statement = {
  name: 'test_rows',
  text: 'SELECT n, n % 2 = 0 AS even, NULL::text AS no FROM generate_series(1, $1::int) n',
}
const VALUES: Statement = {
  name: 'test_values',
  text: `SELECT $1::text AS t, $2::text AS none, $3::timestamptz AS at, $4::boolean AS yes, $5::int[] AS list,
    encode($6::bytea, 'hex') AS bytes, $7::json AS j`,
}
const BEGIN: Statement = { name: 'test_begin', text: 'BEGIN' }
const COMMIT: Statement = { name: 'test_commit', text: 'COMMIT' }

const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])

async function connected(prepare = true) {
  const client = new pg.Client({ connectionString: current().url, pipeline: true } as pg.ClientConfig)
  await client.connect()
  onTestFinished(() => client.end())
  const pipeline = new Pipeline(client, prepare)
  const { stream } = (client as unknown as { connection: pg.Connection }).connection
  return { client, pipeline, writes: vi.spyOn(stream, 'write') }
}
const rowsOf = async (sent: ReturnType<Pipeline['send']>) => (await sent).rows

/** Sent once, so that the connection has prepared them. */
async function known(pipeline: Pipeline, ...statements: readonly (readonly [Statement, unknown[]])[]) {
  for (const [statement, values] of statements) await pipeline.send(statement, values)
}

describe('statements on their way to one connection', () => {
  it('that it has prepared are one message, and each has its own rows', async () => {
    const { pipeline, writes } = await connected()
    await known(pipeline, [NUMBER, [1]], [ROWS, [1]], [BEGIN, []], [COMMIT, []])
    writes.mockClear()
    const sent = [
      pipeline.send(BEGIN, []),
      pipeline.send(NUMBER, [7]),
      pipeline.send(ROWS, [0]),
      pipeline.send(ROWS, [2]),
      pipeline.send(NUMBER, [8]),
      pipeline.send(COMMIT, []),
    ]
    expect((await Promise.all(sent)).map(({ rows, command }) => [command, rows])).toEqual([
      ['BEGIN', []],
      ['SELECT', [{ n: 7 }]],
      ['SELECT', []],
      [
        'SELECT',
        [
          { n: 1, even: false, no: null },
          { n: 2, even: true, no: null },
        ],
      ],
      ['SELECT', [{ n: 8 }]],
      ['COMMIT', []],
    ])
    expect(writes).toHaveBeenCalledTimes(1)
  })

  it('take values as `pg` takes them', async () => {
    const { pipeline } = await connected()
    const values = [
      'é😀',
      null,
      new Date(1_700_000_000_123),
      true,
      [1, null, 3],
      Buffer.from('00ff', 'hex'),
      { a: [1] },
    ]
    const [first] = await rowsOf(pipeline.send(VALUES, values))
    expect(await rowsOf(pipeline.send(VALUES, values))).toEqual([first])
    expect(first).toEqual({
      t: 'é😀',
      none: null,
      at: new Date(1_700_000_000_123),
      yes: true,
      list: [1, null, 3],
      bytes: '00ff',
      j: { a: [1] },
    })
  })

  it('run in their order also where one of them is new to it, or is never prepared', async () => {
    const { pipeline } = await connected()
    await known(pipeline, [NUMBER, [1]])
    const sent = [
      pipeline.send({ name: '', text: 'CREATE TEMP TABLE t AS SELECT 1 AS n' }, []),
      pipeline.send(NUMBER, [2]),
      pipeline.send({ name: 'test_new', text: 'UPDATE t SET n = n + $1::int RETURNING n' }, [5]),
      pipeline.send({ name: '', text: 'SELECT n FROM t' }, []),
      pipeline.send(NUMBER, [3]),
    ]
    const rows = (await Promise.all(sent)).map((answered) => answered.rows)
    expect(rows).toEqual([[], [{ n: 2 }], [{ n: 6 }], [{ n: 6 }], [{ n: 3 }]])
  })

  it('behind one that fails fail with it, those before it have their rows, and the connection goes on', async () => {
    const { pipeline } = await connected()
    await known(pipeline, [NUMBER, [1]], [DIVIDE, [1]])
    const settled = await Promise.allSettled([
      pipeline.send(NUMBER, [1]),
      pipeline.send(DIVIDE, [0]),
      pipeline.send(NUMBER, [2]),
    ])
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    for (const one of settled.slice(1)) expect(one).toMatchObject({ reason: { code: '22012' } })
    expect(await rowsOf(pipeline.send(DIVIDE, [5]))).toEqual([{ n: 2 }])
  })

  it.each([true, false])(
    'behind one that fails the transaction fail with its error, whichever of them is heard first; prepared: %s',
    async (prepare) => {
      const orders: readonly (readonly [Statement, unknown[]])[][] = [
        // The one that fails is new to the connection, and those behind it are one message.
        [
          [DIVIDE, [0]],
          [NUMBER, [1]],
          [ROWS, [1]],
        ],
        // One behind it is new too.
        [
          [DIVIDE, [0]],
          [NUMBER, [1]],
          [VALUES, ['', null, null, true, [], null, null]],
          [ROWS, [1]],
        ],
        [
          [NUMBER, [1]],
          [{ name: '', text: 'SELECT 1/0' }, []],
          [ROWS, [1]],
          [{ name: '', text: 'SELECT 1' }, []],
        ],
      ]
      for (const order of orders) {
        const { pipeline } = await connected(prepare)
        await known(pipeline, [BEGIN, []], [NUMBER, [1]], [ROWS, [1]])
        const sent = order.map(([statement, values]) => pipeline.send(statement, values))
        const settled = Promise.allSettled(sent)
        await expect(Promise.all(sent)).rejects.toMatchObject({ code: '22012' })
        // Sent once it was heard, the next one fails with it as well.
        await expect(pipeline.send(NUMBER, [1])).rejects.toMatchObject({ code: '22012' })
        for (const one of await settled)
          if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: '22012' })
      }
    },
  )

  it('that cannot be put into a message fail, and the connection goes on', async () => {
    const { pipeline } = await connected()
    await known(pipeline, [NUMBER, [1]])
    await expect(
      pipeline.send(NUMBER, [
        {
          toPostgres: () => {
            throw new Error('no value')
          },
        },
      ]),
    ).rejects.toThrow('no value')
    expect(await rowsOf(pipeline.send(NUMBER, [4]))).toEqual([{ n: 4 }])
  })

  it('fail when the connection is lost', async () => {
    const { client, pipeline } = await connected()
    client.on('error', () => undefined)
    await known(pipeline, [NUMBER, [1]])
    const SLEEP: Statement = { name: 'test_sleep', text: 'SELECT pg_sleep($1::float8)' }
    await known(pipeline, [SLEEP, [0]])
    const sent = Promise.allSettled([pipeline.send(NUMBER, [1]), pipeline.send(SLEEP, [20])])
    pipeline.flush()
    ;(client as unknown as { connection: pg.Connection }).connection.stream.destroy()
    expect((await sent).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(pipeline.send(NUMBER, [1])).rejects.toThrow()
  })

  it('are each sent alone where the connection keeps none', async () => {
    const { pipeline, writes } = await connected(false)
    for (let twice = 0; twice < 2; twice++) {
      writes.mockClear()
      const sent = [pipeline.send(NUMBER, [1]), pipeline.send(NUMBER, [2])]
      expect((await Promise.all(sent)).map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }]])
      expect(writes.mock.calls.length).toBeGreaterThan(1)
    }
  })
})
