import { expect, it } from 'vitest'
import { budgetText, processorSeconds, ticksOf } from '../../../scripts/checks/budget.mjs'

it('tells what a run took, and that it was too much: by processor time where it is known, by the clock elsewhere', () => {
  expect(budgetText(2_000, 1_800)).toBe('2000 s of 900 s by the clock, 1800 s of 1800 s of processor time.')
  expect(budgetText(800, 1_801)).toContain('over budget')
  expect(budgetText(900, null)).toBe('900 s of 900 s by the clock.')
  expect(budgetText(901, null)).toContain('over budget')
})

it('counts its own time and its children’s, whatever the program is called', () => {
  const stat = `7 (a) b) R 1 1 1 0 -1 4194304 900 0 0 0 101 22 3003 404 20 0 11`
  expect(ticksOf(stat)).toEqual({ own: 101 + 22, ended: 3003 + 404 })
})

it.runIf(process.platform === 'linux')('reads them from the system', () => {
  const { user, system } = process.cpuUsage()
  expect(processorSeconds()).toBeGreaterThanOrEqual(Math.floor((user + system) / 10_000) / 100 - 0.02)
})
