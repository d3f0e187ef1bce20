import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { cases } from './cases.ts'

/** As many as fast-check's own default, for the laws that name no number. */
fc.configureGlobal({ numRuns: cases(100) })

/** Under `npm run soak` every law's run adds a line to the ledger that the script reads; else nothing happens here. */
const ledger = process.env['TIDEMARK_SOAK_LEDGER']
const seedOfRound = Number(process.env['TIDEMARK_SOAK_SEED'])

interface Run {
  readonly cases: number
  readonly skipped: number
  readonly failed: boolean
  readonly seed: number
  readonly path: string | null
}

function note(run: Run): void {
  if (ledger === undefined) return
  const { currentTestName: law, testPath } = expect.getState()
  const file = relative(process.cwd(), testPath ?? '')
  appendFileSync(ledger, `${JSON.stringify({ law, file, ...run })}\n`)
}

/** For a law whose cases another fuzzer than fast-check makes. */
export const noteCases = (count: number): void =>
  note({ cases: count, skipped: 0, failed: false, seed: seedOfRound, path: null })

if (ledger !== undefined) {
  fc.configureGlobal({
    ...fc.readConfigureGlobal(),
    seed: seedOfRound,
    reporter: (details) => {
      const { numRuns, numSkips: skipped, failed, seed, counterexamplePath: path } = details
      note({ cases: numRuns, skipped, failed, seed, path })
      const message = fc.defaultReportMessage(details)
      if (message !== undefined) throw new Error(message)
    },
  })
}
