'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Status } from '#components/ui/status.tsx'
import { FormFailure, type Failure } from '../../form-failure.tsx'
import { sendJson } from '../../send-json.ts'
import { channelsUrl } from './channel-links.ts'
import { OUTCOMES, testSentence } from './channel-words.ts'

type Answer = Parameters<typeof testSentence>[0]
type Told = { kind: 'answer'; answer: Answer } | { kind: 'failure'; failure: Failure } | null

const UNANSWERED: Failure = { message: 'The server did not answer; look at the log below.', issues: [] }

/** Sends a test on a channel, and says what its receiver answered. */
export function ChannelTest({ id }: { id: string }) {
  const router = useRouter()
  const [busy, setBusy] = useState(false)
  const [told, setTold] = useState<Told>(null)
  const send = async (state: 'firing' | 'resolved'): Promise<void> => {
    setBusy(true)
    setTold(await sent(id, state))
    setBusy(false)
    // The log has it too.
    router.refresh()
  }
  return (
    <div className="form">
      <div className="acts">
        <Button tone="primary" aria-busy={busy} disabled={busy} onClick={() => void send('firing')}>
          {busy ? 'Sending…' : 'Send a test'}
        </Button>
        <Button disabled={busy} onClick={() => void send('resolved')}>
          Send its end
        </Button>
      </div>
      <div role="status">
        {told?.kind === 'answer' ? (
          <Status kind={OUTCOMES[told.answer.outcome].kind}>{testSentence(told.answer)}</Status>
        ) : null}
        {told?.kind === 'failure' ? <FormFailure failure={told.failure} whole="(all of it)" /> : null}
      </div>
    </div>
  )
}

async function sent(id: string, state: 'firing' | 'resolved'): Promise<Told> {
  const answer = await sendJson('POST', channelsUrl(`/${id}/test`), { state }).catch(() => null)
  if (answer === null) return { kind: 'failure', failure: UNANSWERED }
  if (answer.ok) return { kind: 'answer', answer: answer.body as Answer }
  return {
    kind: 'failure',
    failure: { message: `${answer.message} (${answer.code})`, issues: answer.issues },
  }
}
