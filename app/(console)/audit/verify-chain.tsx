'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Status } from '#components/ui/status.tsx'
import { withParams } from '#components/ui/search-params.ts'
import type { ChainReport } from '#lib/application/audit/verify-audit.ts'
import { refusal } from '../send-json.ts'
import { chainWords, type ChainWords } from './audit-words.ts'

const URL = '/api/admin/v1/audit/verify'
/** One call is bounded on the server too; a long chain takes several. */
const CALL_TIMEOUT_MS = 30_000

/** Has the whole chain checked, and says what was found. */
export function VerifyChain() {
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState<ChainWords | null>(null)
  const verify = async (): Promise<void> => {
    if (busy) return
    setBusy(true)
    try {
      await checkAll(setSaid)
    } catch {
      setSaid({ kind: 'crit', words: 'The server did not answer: try again' })
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <span role="status">{said === null ? null : <Status kind={said.kind}>{said.words}</Status>}</span>
      <Button onClick={() => void verify()} aria-disabled={busy}>
        {busy ? 'Verifying…' : 'Verify chain'}
      </Button>
    </>
  )
}

async function checkAll(say: (words: ChainWords) => void): Promise<void> {
  let after: string | null = null
  let entries = 0
  for (;;) {
    const answer: Response = await fetch(withParams(URL, '', { after }), {
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      headers: { accept: 'application/json' },
    })
    const body: unknown = await answer.json().catch(() => null)
    if (!answer.ok || !isReport(body)) {
      say({
        kind: 'crit',
        words: answer.ok ? 'The answer is not understood' : refusal(answer.status, body).message,
      })
      return
    }
    entries += body.entries
    say(chainWords({ ...body, entries }))
    if (body.state !== 'unfinished') return
    after = `${body.upTo.seq}:${body.upTo.mac}`
  }
}

/** What it is is the contract's: the tests hold the server's answers to it. */
const isReport = (body: unknown): body is ChainReport =>
  typeof body === 'object' && body !== null && 'state' in body && 'upTo' in body
