import { describe, expect, test } from 'vitest'
import {
  LOADED_ROWS_MAX,
  openRowStore,
  type FirstPage,
  type LoadRows,
  type RowStore,
} from '#components/table/row-store.ts'

type Row = { id: number }
type Asked = {
  cursor: string
  signal: AbortSignal
  answer: (answer: Awaited<ReturnType<LoadRows<Row>>>) => void
  fail: () => void
}

const rowsOf = (from: number, to: number): readonly Row[] =>
  Array.from({ length: to - from }, (_row, n) => ({ id: from + n }))

/** A list whose pages come when the test says so. */
function listOf(rows = rowsOf(0, 50), nextCursor: string | null = 'c50') {
  const asked: Asked[] = []
  const load: LoadRows<Row> = (cursor, signal) =>
    new Promise((resolve, reject) => {
      asked.push({ cursor, signal, answer: resolve, fail: () => reject(new TypeError('no network')) })
    })
  const first = (page: readonly Row[], atMs = 0): FirstPage<Row> => ({ rows: page, nextCursor, atMs, load })
  const store = openRowStore(first(rows), ({ id }) => String(id))
  return { store, asked, first, last: () => asked.at(-1) as Asked }
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const idsOf = (store: RowStore<Row>): number[] => store.shown().rows.map(({ id }) => id)

describe('a list that grows', () => {
  test('loads what comes behind its last row, one page at a time', async () => {
    const { store, asked, last } = listOf()
    store.more()
    store.more()
    expect(asked).toHaveLength(1)
    expect(last().cursor).toBe('c50')
    last().answer({ ok: true, page: { rows: rowsOf(50, 80), nextCursor: 'c80' } })
    await settled()
    expect(idsOf(store)).toEqual(rowsOf(0, 80).map(({ id }) => id))
    store.more()
    expect(last().cursor).toBe('c80')
    last().answer({ ok: true, page: { rows: rowsOf(80, 90), nextCursor: null } })
    await settled()
    store.more()
    expect(asked, 'nothing comes behind the last page').toHaveLength(2)
  })

  test('a row that moved since the page before stands once', async () => {
    const { store, last } = listOf()
    store.more()
    last().answer({ ok: true, page: { rows: [{ id: 7 }, ...rowsOf(50, 60)], nextCursor: null } })
    await settled()
    expect(idsOf(store)).toEqual(rowsOf(0, 60).map(({ id }) => id))
  })

  test('a page that does not come is said, and comes when it is asked for again', async () => {
    const { store, asked, last } = listOf()
    store.more()
    last().fail()
    await settled()
    expect(store.shown().loading).toEqual({ kind: 'failed', message: 'The server did not answer' })
    store.more()
    last().answer({ ok: false, message: 'The database cannot be reached' })
    await settled()
    expect(store.shown().loading).toEqual({ kind: 'failed', message: 'The database cannot be reached' })
    store.more()
    last().answer({ ok: true, page: { rows: rowsOf(50, 60), nextCursor: null } })
    await settled()
    expect([asked.length, store.shown().loading.kind, store.shown().rows.length]).toEqual([3, 'idle', 60])
  })

  test('a full list asks for no more', () => {
    const { store, asked } = listOf(rowsOf(0, LOADED_ROWS_MAX))
    store.more()
    expect(asked).toEqual([])
  })

  test('whoever leaves drops what is under way; on the way back it is asked for anew', async () => {
    const { store, asked, last } = listOf()
    store.more()
    const dropped = last()
    store.leave()
    expect(dropped.signal.aborted).toBe(true)
    store.comeBack()
    expect(asked).toHaveLength(2)
    dropped.answer({ ok: true, page: { rows: rowsOf(900, 999), nextCursor: null } })
    await settled()
    expect(idsOf(store), 'what was dropped changes nothing').toHaveLength(50)
    last().answer({ ok: true, page: { rows: rowsOf(50, 60), nextCursor: null } })
    await settled()
    expect(idsOf(store)).toHaveLength(60)
  })

  test('whoever comes back where nothing was under way asks for nothing', () => {
    const { store, asked } = listOf()
    store.leave()
    store.comeBack()
    expect(asked).toEqual([])
  })
})

describe('a list that others change', () => {
  test('its first page follows the server as long as it is all there is', () => {
    const { store, first } = listOf()
    store.follow(first(rowsOf(-3, 47), 5))
    expect(idsOf(store)[0]).toBe(-3)
    expect([store.shown().news, store.shown().first.atMs]).toEqual([null, 5])
  })

  test('once more was asked for nothing moves, what is newer is told of, and one press shows it', async () => {
    const { store, first, last } = listOf()
    store.more()
    store.follow(first(rowsOf(-3, 47), 5))
    last().answer({ ok: true, page: { rows: rowsOf(50, 60), nextCursor: 'c60' } })
    await settled()
    expect(idsOf(store)).toEqual(rowsOf(0, 60).map(({ id }) => id))
    expect(store.shown().news).toEqual({ added: 3, all: false })
    store.follow(first(rowsOf(-200, -150), 9))
    expect(store.shown().news).toEqual({ added: 50, all: true })
    store.showNewest()
    expect(idsOf(store)).toEqual(rowsOf(-200, -150).map(({ id }) => id))
    expect([store.shown().news, store.shown().nextCursor, store.shown().first.atMs]).toEqual([null, 'c50', 9])
    store.follow(first(rowsOf(-201, -151), 12))
    expect(idsOf(store)[0], 'and the list follows again').toBe(-201)
  })

  test('the same rows in the same order are no news; in another order they are', async () => {
    const { store, first, last } = listOf()
    store.more()
    last().answer({ ok: true, page: { rows: rowsOf(50, 60), nextCursor: null } })
    await settled()
    store.follow(first(rowsOf(0, 50), 5))
    expect(store.shown().news).toBeNull()
    store.follow(first(rowsOf(0, 50).toReversed(), 9))
    expect(store.shown().news).toEqual({ added: 0, all: false })
  })

  test('what came late of a list that was left for the newest is not added to it', async () => {
    const { store, first, last } = listOf()
    store.more()
    const late = last()
    store.follow(first(rowsOf(-3, 47), 5))
    store.showNewest()
    expect(late.signal.aborted).toBe(true)
    late.answer({ ok: true, page: { rows: rowsOf(50, 60), nextCursor: null } })
    await settled()
    expect(idsOf(store)).toHaveLength(50)
  })
})
