import { describe, expect, test } from 'vitest'
import { prepareFieldHeat, type FieldHeatInput } from '#components/charts/prepare-field-heat.ts'

const HOUR = 3_600_000
const START = 500_000 * HOUR
const row = (label: string, count: number) => ({ label, count, share: 0.5 })
const heatOf = (over: Partial<FieldHeatInput>) =>
  prepareFieldHeat({
    fromMs: START,
    toMs: START + 4 * HOUR,
    stepMs: HOUR,
    rows: [row('status', 6), row('remarks', 1)],
    othersLeft: 0,
    columns: [
      { atMs: START, counts: [4, 0, 0] },
      { atMs: START + HOUR, counts: null },
      { atMs: START + 2 * HOUR, counts: null },
      { atMs: START + 3 * HOUR, counts: [2, 1, 0] },
    ],
    zone: 'UTC',
    ...over,
  })

describe('the heat map of contested fields', () => {
  test('[FR1] a cell is compared with the fullest one, the most contested field stands on top', () => {
    const { cells, lines } = heatOf({})
    expect(
      cells.map(({ row: at, leftPct, widthPct, share, count }) => [at, leftPct, widthPct, share, count]),
    ).toEqual([
      [0, 0, 25, 1, 4],
      [0, 75, 25, 0.5, 2],
      [1, 75, 25, 0.25, 1],
    ])
    expect(lines.map(({ label, busiestMs }) => [label, busiestMs])).toEqual([
      ['status', START],
      ['remarks', START + 3 * HOUR],
    ])
  })

  test('[FR1] where nothing is known is one gap, and no cell', () => {
    expect(heatOf({}).gaps).toEqual([{ leftPct: 25, widthPct: 50, word: null }])
  })

  test('[FR1] fields past the rows are one line with what they hold together, and its cells', () => {
    const columns = [
      { atMs: START, counts: [4, 0, 2] },
      { atMs: START + HOUR, counts: [0, 0, 3] },
    ]
    const { lines, cells } = heatOf({ othersLeft: 14, columns })
    expect(lines.at(-1)).toEqual({
      label: '14 other fields',
      count: 5,
      share: null,
      busiestMs: START + HOUR,
    })
    expect(cells.filter((cell) => cell.row === 2).map(({ count }) => count)).toEqual([2, 3])
    // Together they make no single field pale.
    const many = heatOf({ othersLeft: 14, columns: [{ atMs: START, counts: [4, 1, 40] }] })
    expect(many.cells.map(({ share }) => share)).toEqual([1, 0.25, 1])
    expect(heatOf({ othersLeft: 1, columns }).lines.at(-1)?.label).toBe('1 other field')
    expect(heatOf({ othersLeft: 0, columns }).cells.every((cell) => cell.row < 2)).toBe(true)
  })

  test('[FR1] the first and the last column end where the range and the step do', () => {
    const fromMs = START + HOUR / 2
    const columns = [
      { atMs: fromMs, counts: [1, 0, 0] },
      { atMs: START + HOUR, counts: [1, 0, 0] },
    ]
    const { cells } = heatOf({ fromMs, toMs: START + 1.5 * HOUR, columns })
    expect(cells.map(({ atMs, endMs, leftPct, widthPct }) => [atMs, endMs, leftPct, widthPct])).toEqual([
      [fromMs, START + HOUR, 0, 50],
      [START + HOUR, START + 1.5 * HOUR, 50, 50],
    ])
  })
})
