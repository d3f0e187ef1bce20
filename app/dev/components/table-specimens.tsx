'use client'
import { DiffTable } from '#components/ui/diff-table.tsx'
import { DataTable } from '#components/table/data-table.tsx'
import { FilterBar } from '#components/table/filter-bar.tsx'
import { ListFoot, type ListEnd } from '#components/table/list-foot.tsx'
import { LongTable } from '#components/table/long-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import type { FirstPage, LoadRows, RowsShown } from '#components/table/row-store.ts'
import type { Column } from '#components/table/table-cells.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import { suggestedKeys } from '#lib/query/suggested-keys.ts'
import { LONG_WORDS, NOW_MS, type Specimen } from './specimen.ts'

type Row = { id: string; name: string; waiting: number; held: boolean }

const ROWS_MAX = 100_000
const PAGE_ROWS = 50
const rowAt = (n: number): Row => ({
  id: String(n),
  name: n === 3 ? LONG_WORDS : `DFW-${String(n).padStart(5, '0')}`,
  waiting: (n * 7_919) % 61,
  held: n % 9 === 0,
})
const rowsFrom = (from: number): readonly Row[] =>
  Array.from({ length: Math.min(PAGE_ROWS * 5, ROWS_MAX - from) }, (_, n) => rowAt(from + n))

const COLUMNS: readonly Column<Row>[] = [
  { key: 'name', header: 'Device', cell: ({ name }) => <b>{name}</b>, sorted: 'ascending' },
  {
    key: 'state',
    header: 'State',
    cell: ({ held }) => (held ? <Status kind="held">shed</Status> : 'idle'),
  },
  { key: 'waiting', header: 'Queue', align: 'end', cell: ({ waiting }) => formatCount(waiting) },
]
const PICK: Column<Row> = {
  key: 'pick',
  header: <span className="sr">Chosen</span>,
  control: true,
  cell: ({ name }) => (
    <label className="pick">
      <input type="checkbox" className="chk" />
      <span className="sr">Select {name}</span>
    </label>
  ),
}
const FEW = rowsFrom(0).slice(0, 6)
const keyOf = ({ id }: Row): string => id
const hrefOf = ({ id }: Row): string => `#${id}`

const load: LoadRows<Row> = async (cursor) => {
  const from = Number(cursor)
  const to = from + PAGE_ROWS * 5
  return { ok: true, page: { rows: rowsFrom(from), nextCursor: to < ROWS_MAX ? String(to) : null } }
}
const fails: LoadRows<Row> = async () => ({ ok: false, message: 'The database cannot be reached' })
const pageOf = (how: LoadRows<Row>): FirstPage<Row> => ({
  rows: rowsFrom(0).slice(0, PAGE_ROWS),
  nextCursor: String(PAGE_ROWS),
  atMs: NOW_MS,
  load: how,
})
const GROWING = pageOf(load)
const FAILING = pageOf(fails)
const endOf = (path: string): ListEnd => ({
  path,
  query: '',
  matching: ROWS_MAX,
  newest: 'device',
  exports: { csv: '#', ndjson: '#' },
})
const shownAs = (parts: Partial<RowsShown<Row>>): RowsShown<Row> => ({
  first: GROWING,
  rows: GROWING.rows,
  nextCursor: GROWING.nextCursor,
  loading: { kind: 'idle' },
  news: null,
  ...parts,
})
const nothing = (): void => undefined

const filterOf = (q: string) => {
  const parsed = parseFilter(q, DEVICE_FIELDS)
  return parsed.ok ? parsed.value : null
}
const KEYS = suggestedKeys(DEVICE_FIELDS, { version: ['2.4.1', '2.4.0'] })
const FACETS = [
  {
    key: 'state',
    label: 'State',
    values: ['idle', 'offline', 'shed', 'backoff', 'halted', 'resyncing'].map((value, n) => ({
      value,
      count: 8_911 - n * 1_480,
    })),
    rest: { values: 2, count: 31 },
  },
  { key: 'version', label: 'Version', values: [{ value: '2.4.1', count: 2_616 }, { value: '2.4.0' }] },
]

export const TABLE_SPECIMENS: readonly Specimen[] = [
  {
    files: ['ui/diff-table'],
    states: [
      {
        name: 'changed, refused, absent, long text',
        wide: true,
        show: () => (
          <DiffTable
            label="The record from three sides"
            when={{ base: 'v3, 10:57', device: '11:02', server: 'v5, 14:31' }}
            base={{ airport: 'DFW', species: 'gull', speed: 120, note: '' }}
            device={{ airport: 'DFW', species: 'gull', speed: '', note: LONG_WORDS }}
            server={{ airport: 'DFW', species: 'hawk', speed: 120 }}
            refused={{ speed: 'must be a number' }}
          />
        ),
      },
      {
        name: 'with what a replay would leave',
        wide: true,
        show: () => (
          <DiffTable
            label="The record from three sides, and after a replay"
            when={{ base: 'v3, 10:57', device: 'patch, 11:31', server: 'v5, 13:18', after: 'would be v6' }}
            base={{ speed: null, species: 'bird', damage: 'None' }}
            device={{ speed: '', species: 'Killdeer', damage: 'None' }}
            server={{ speed: null, species: 'bird', damage: 'Minor' }}
            edited={{ speed: null, species: 'Killdeer', damage: 'None' }}
            after={{ speed: null, species: 'Killdeer', damage: 'Minor' }}
            refused={{ speed: 'must be a number' }}
          />
        ),
      },
      {
        name: 'no record now',
        wide: true,
        show: () => (
          <DiffTable
            label="A record that is gone"
            when={{ base: 'v3, 10:57', device: '11:02', server: 'gone' }}
            base={{ airport: 'DFW' }}
            device={{ airport: 'MEM' }}
            server={null}
            refused={{}}
          />
        ),
      },
    ],
  },
  {
    files: ['table/filter-bar', 'table/filter-box'],
    states: [
      {
        name: 'what may stand there while one types; values with their counts',
        wide: true,
        show: () => (
          <FilterBar label="Search devices" keys={KEYS} filter={filterOf('state:idle')} facets={FACETS} />
        ),
      },
      {
        name: 'not understood',
        wide: true,
        show: () => <FilterBar label="Search others" keys={KEYS} filter={filterOf('colour:red')} />,
      },
    ],
  },
  {
    files: ['table/data-table', 'table/table-cells'],
    states: [
      {
        name: 'rows; point at one, and go through them by j and k; long text',
        wide: true,
        show: () => (
          <DataTable
            label="Devices"
            columns={COLUMNS}
            rows={FEW}
            rowKey={keyOf}
            rowHref={hrefOf}
            empty={null}
          />
        ),
      },
      {
        name: 'a box to tick in each row, over the row’s link',
        wide: true,
        show: () => (
          <DataTable
            label="Devices to choose"
            columns={[PICK, ...COLUMNS]}
            rows={FEW}
            rowKey={keyOf}
            rowHref={hrefOf}
            empty={null}
          />
        ),
      },
      {
        name: 'empty',
        show: () => (
          <DataTable
            label="Devices"
            columns={COLUMNS}
            rows={[]}
            rowKey={keyOf}
            empty={<EmptyState title="No device matches this filter" detail="Take fewer filters." />}
          />
        ),
      },
    ],
  },
  {
    files: ['table/pager'],
    states: [
      {
        name: 'first page',
        show: () => <Pager place={{ path: '#', query: '' }} shown={50} nextCursor="next" />,
      },
      {
        name: 'last page',
        show: () => <Pager place={{ path: '#', query: 'cursor=here' }} shown={12} nextCursor={null} />,
      },
    ],
  },
  {
    files: ['table/list-foot'],
    states: [
      {
        name: 'first page',
        wide: true,
        show: () => <ListFoot end={endOf('/a')} shown={shownAs({})} onMore={nothing} onNewest={nothing} />,
      },
      {
        name: 'more is loaded, newer ones came',
        wide: true,
        show: () => (
          <ListFoot
            end={endOf('/b')}
            shown={shownAs({ rows: rowsFrom(0), news: { added: 12, all: false } })}
            onMore={nothing}
            onNewest={nothing}
          />
        ),
      },
      {
        name: 'loading',
        wide: true,
        show: () => (
          <ListFoot
            end={endOf('/c')}
            shown={shownAs({ loading: { kind: 'loading' } })}
            onMore={nothing}
            onNewest={nothing}
          />
        ),
      },
    ],
  },
  {
    files: ['table/long-table'],
    states: [
      {
        name: 'more does not come; press “Load more”',
        wide: true,
        show: () => (
          <LongTable
            label="Devices that fail"
            columns={COLUMNS}
            page={FAILING}
            rowKey={keyOf}
            rowHref={hrefOf}
            empty={null}
            end={endOf('/failing')}
          />
        ),
      },
      {
        name: '100,000 rows; scroll on',
        wide: true,
        show: () => (
          <LongTable
            label="Devices without end"
            columns={COLUMNS}
            page={GROWING}
            rowKey={keyOf}
            rowHref={hrefOf}
            empty={null}
            end={endOf('/growing')}
          />
        ),
      },
    ],
  },
]
