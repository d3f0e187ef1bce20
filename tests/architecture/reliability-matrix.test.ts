import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Cover, Fault, Invariant } from '../reliability.matrix.ts'
import { MATRIX } from '../reliability.matrix.ts'
import { MOMENT_KINDS, WINDOW_KINDS } from '../simulation/world/plan.ts'

const KINDS: readonly string[] = [...WINDOW_KINDS, ...MOMENT_KINDS]

const coversOf = ({ covers }: Fault, cell: Invariant): readonly Cover[] => [
  ...(cell === 'O' ? [] : (covers.all ?? [])),
  ...(covers[cell] ?? []),
]

/** What stands in a file, or in all files of a folder. */
function textIn(place: string): string {
  if (!existsSync(place)) return ''
  if (statSync(place).isFile()) return readFileSync(place, 'utf8')
  return readdirSync(place)
    .map((name) => textIn(path.join(place, name)))
    .join('\n')
}

/** Null when it covers; else what is wrong with it. */
function faultIn(cover: Cover): string | null {
  if ('simulated' in cover) return KINDS.includes(cover.simulated) ? null : `no fault ${cover.simulated}`
  if ('title' in cover)
    return textIn(cover.file).includes(`'${cover.title}'`)
      ? null
      : `${cover.file} has no test: ${cover.title}`
  return textIn(cover.within).includes(cover.sign)
    ? `${cover.later} has landed: this cell needs its test`
    : null
}

describe('the fault matrix', () => {
  it('has the design’s 17 faults', () => {
    expect(MATRIX.map(({ fault }) => Number.parseInt(fault, 10))).toEqual(
      Array.from({ length: 17 }, (_, i) => i + 1),
    )
  })

  it.each(MATRIX.flatMap((row) => row.cells.map((cell) => ({ name: `${row.fault} × ${cell}`, row, cell }))))(
    '$name',
    ({ row, cell }) => {
      const covers = coversOf(row, cell)
      expect(covers.length).toBeGreaterThan(0)
      expect(covers.map(faultIn).filter((fault) => fault !== null)).toEqual([])
    },
  )

  it('knows an empty cell, a test that is gone and a work that has landed', () => {
    expect(coversOf({ fault: '0', cells: ['O'], covers: { all: [{ simulated: 'delay' }] } }, 'O')).toEqual([])
    expect(faultIn({ file: 'tests/reliability.matrix.ts', title: 'nothing of the kind' })).not.toBeNull()
    const landed = { later: 'this test', within: 'tests/architecture', sign: 'reliability-matrix' }
    expect(faultIn(landed)).not.toBeNull()
  })
})
