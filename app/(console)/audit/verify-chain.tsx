'use client'
import { useState, type SubmitEvent } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { askChain } from './ask-chain.ts'
import type { ChainWords } from './audit-words.ts'

/** Has the whole chain checked, on demand against a head that was kept elsewhere, and says what was found. */
export function VerifyChain() {
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState<ChainWords | null>(null)
  const [checkedAtMs, setCheckedAtMs] = useState<number | null>(null)
  const [kept, setKept] = useState('')
  const verify = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setSaid(null)
    setCheckedAtMs(null)
    try {
      if (await askChain(kept.trim(), setSaid)) setCheckedAtMs(Date.now())
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="acts verify" onSubmit={(event) => void verify(event)}>
      <span role="status">
        {said === null ? null : <Status kind={said.kind}>{said.words}</Status>}
        {said?.head == null ? null : (
          <span className="sub">
            {' '}
            Its head is <span className="mono">{said.head}</span>: compare with the one that your log or
            metric has.
          </span>
        )}
        {checkedAtMs === null ? null : (
          <span className="sub">
            {' '}
            Checked at <Time at={checkedAtMs} now={checkedAtMs} show="clock" />.
          </span>
        )}
      </span>
      <input
        className="input mono"
        aria-label="A head that was kept elsewhere"
        placeholder="Kept head, SEQ:MAC"
        title="Optional: a head that your log or a backup’s note has, as SEQ:MAC"
        autoComplete="off"
        spellCheck={false}
        maxLength={HEAD_CHARS_MAX}
        value={kept}
        onChange={({ target }) => setKept(target.value)}
      />
      <Button type="submit" aria-disabled={busy}>
        {busy ? 'Verifying…' : 'Verify chain'}
      </Button>
    </form>
  )
}

/** Of one head, with what a paste brings along. */
const HEAD_CHARS_MAX = 100
