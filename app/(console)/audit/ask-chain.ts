import { withParams } from '#components/ui/search-params.ts'
import { auditHeadText, parseAuditHead } from '#lib/application/audit/audit-head.ts'
import type { ChainReport } from '#lib/application/audit/verify-audit.ts'
import { refusal } from '../send-json.ts'
import { chainWords, type ChainWords } from './audit-words.ts'

const URL = '/api/admin/v1/audit/verify'
/** One call is bounded on the server too; a long chain takes several. */
const CALL_TIMEOUT_MS = 30_000

const unknown = (words: string): ChainWords => ({ kind: 'unk', words, head: null })

/**
 * Has the whole chain checked, call by call, and says what was found so far. No answer says nothing about the chain: that is
 * not told as a broken one.
 * @param head one that was kept elsewhere, `SEQ:MAC`; empty for none
 * @returns whether it was checked to an end
 */
export async function askChain(
  head: string,
  say: (words: ChainWords) => void,
  ask: typeof fetch = fetch,
): Promise<boolean> {
  if (head !== '' && parseAuditHead(head) === null) {
    say(unknown('Not checked. The head that was kept elsewhere must be SEQ:MAC, as `audit head` prints it'))
    return false
  }
  let after: string | null = null
  let outside: string | null = null
  let entries = 0
  for (;;) {
    let answer: Response
    let body: unknown
    try {
      answer = await ask(withParams(URL, '', { after, outside, head }), {
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
        headers: { accept: 'application/json' },
      })
      body = await answer.json().catch(() => null)
    } catch {
      say(unknown('The server did not answer, so the chain is not checked: try again'))
      return false
    }
    if (!answer.ok || !isReport(body)) {
      say(
        unknown(
          `Not checked. ${answer.ok ? 'The answer is not understood' : refusal(answer.status, body).message}`,
        ),
      )
      return false
    }
    entries += body.entries
    say(chainWords({ ...body, entries, isHeadGiven: head !== '' }))
    if (body.state !== 'unfinished') return true
    after = auditHeadText(body.upTo)
    const { outsideUpTo } = body
    outside = outsideUpTo ? `${outsideUpTo.atMs}:${outsideUpTo.id}` : null
  }
}

/** What it is is the contract's: the tests hold the server's answers to it. */
const isReport = (body: unknown): body is ChainReport =>
  typeof body === 'object' && body !== null && 'state' in body && 'upTo' in body
