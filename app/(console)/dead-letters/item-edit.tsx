'use client'
import { useRouter } from 'next/navigation'
import { useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { REASON_LENGTH_MAX } from '#components/ui/dialog.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'
import type { EditBasis } from '#lib/application/dead-letters/check-edit.ts'
import { FormFailure, type Failure } from '../form-failure.tsx'
import { sendJson } from '../send-json.ts'
import { replayToast } from './letter-words.ts'

export type ItemEditProps = {
  id: string
  fleetId: string
  basis: EditBasis
  opText: string
  onClose: () => void
}

/** Replays a letter in an edited form: checked here first, then run on the server as a new change linked to it. */
export function ItemEdit({ id, fleetId, opText, basis, onClose }: ItemEditProps) {
  const router = useRouter()
  const saidId = useId()
  const [text, setText] = useState(opText)
  const [reason, setReason] = useState('')
  const run = async (): Promise<Failure | null> => {
    // The engine comes with the first check, not with the page; after an update of the server its file has another name.
    const check = await import('#lib/application/dead-letters/check-edit.ts').catch(() => null)
    if (!check) return { message: 'Nothing was sent: reload the page and try again.', issues: [] }
    const checked = check.checkEdit(text, basis)
    if (!checked.ok) return checked
    const url = `/api/admin/v1/dead-letters/${id}/edit?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { op: checked.op, reason: reason.trim() })
    if (!sent.ok) return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
    const outcome = replayToast(sent.body)
    router.refresh()
    // Refused again: what was typed stays, to go on from.
    if (!closedByEdit(sent.body)) return { message: outcome.text, issues: [] }
    showToast(outcome)
    onClose()
    return null
  }
  const ready = text !== opText && reason.trim() !== ''
  const { busy, failure, onSubmit } = useSubmit({
    ready,
    run,
    unanswered: {
      message: 'The server did not answer; reload to see whether the change was replayed.',
      issues: [],
    },
  })

  return (
    <form className="form edit-letter" aria-label="Edit and replay" onSubmit={onSubmit}>
      <label className="field">
        <span>The change to replay instead; the one that failed is kept</span>
        <textarea
          className="editor"
          value={text}
          spellCheck={false}
          autoFocus
          aria-invalid={failure !== null}
          aria-describedby={saidId}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <label className="field">
        <span>Reason, kept in the audit log</span>
        <input
          className="input"
          value={reason}
          maxLength={REASON_LENGTH_MAX}
          placeholder="Why is this what the device meant?"
          required
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <div id={saidId} role="alert">
        {failure && <FormFailure failure={failure} whole="(the whole record)" />}
      </div>
      <div className="acts">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" disabled={!ready || busy} aria-busy={busy}>
          {busy ? 'Replaying…' : 'Replay as edited'}
        </Button>
      </div>
    </form>
  )
}

/** The answer names the new change where there is one. */
const closedByEdit = (body: unknown): boolean =>
  typeof (body as { mutationId?: unknown } | null)?.mutationId === 'string'
