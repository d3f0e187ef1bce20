import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PlainRequest } from '#lib/http/asked.ts'
import { cases } from '#tests/support/cases.ts'

it('a plain request has the headers that a Request would have, also those that come twice', () => {
  const name = fc.constantFrom(
    'Authorization',
    'authorization',
    'Origin',
    'tidemark-app',
    'TIDEMARK-APP',
    'x',
  )
  const text = fc.stringMatching(/^[!-~]{0,12}$/)
  fc.assert(
    fc.property(fc.array(fc.tuple(name, text), { maxLength: 6 }), (lines) => {
      const { headers } = new PlainRequest({ rawHeaders: lines.flat(), url: '/' } as IncomingMessage)
      const expected = new Headers(lines)
      for (const asked of ['authorization', 'origin', 'tidemark-app', 'x', 'accept-encoding'])
        expect([headers.get(asked), headers.has(asked)]).toEqual([expected.get(asked), expected.has(asked)])
    }),
    { numRuns: cases(500) },
  )
})
