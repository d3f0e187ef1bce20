import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { cases } from './cases.ts'

/** As many as fast-check's own default, for the laws that name no number. */
fc.configureGlobal({ numRuns: cases(100) })

/** Under `npm run soak` every law's run adds a line to the ledger that the script reads; else nothing happens here. */
const ledger = process.env['TIDEMARK_SOAK_LEDGER']
if (ledger !== undefined) {
  fc.configureGlobal({
    ...fc.readConfigureGlobal(),
    seed: Number(process.env['TIDEMARK_SOAK_SEED']),
    reporter: (details) => {
      const { currentTestName: law, testPath } = expect.getState()
      const { numRuns, numSkips, failed, seed, counterexamplePath: path } = details
      const file = relative(process.cwd(), testPath ?? '')
      appendFileSync(
        ledger,
        `${JSON.stringify({ law, file, cases: numRuns, skipped: numSkips, failed, seed, path })}\n`,
      )
      const message = fc.defaultReportMessage(details)
      if (message !== undefined) throw new Error(message)
    },
  })
}
