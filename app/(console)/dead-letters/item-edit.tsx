'use client'
import { useRouter } from 'next/navigation'
import { useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ReasonField } from '#components/ui/field.tsx'
import { shortId } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'
import type { EditBasis } from '#lib/application/dead-letters/check-edit.ts'
import { bodyOf, withField } from '#lib/application/dead-letters/edit-fields.ts'
import { FormFailure, type Failure } from '../form-failure.tsx'
import { sendJson, type Issue } from '../send-json.ts'
import { checkInBrowser } from './check-in-browser.ts'
import { EditForecast, type EditSides } from './edit-forecast.tsx'
import { EditForm } from './edit-form.tsx'
import { refusedFields, replayToast } from './letter-words.ts'

/** What an edit can't change: it is the same device's change of the same record. */
export type Identity = {
  collection: string
  recordId: string
  deviceName: string
  mutationId: string
  baseVersion: number
}

export type ItemEditProps = {
  id: string
  fleetId: string
  basis: EditBasis
  opText: string
  identity: Identity
  /** What today's schema refuses of it as it is. */
  issues: readonly Issue[]
  sides: EditSides
  /** Somebody closed it while it was edited. */
  settled: boolean
  onClose: () => void
}

const SETTLED = 'Somebody settled this dead letter meanwhile, so nothing of this edit was applied'

/** Replays a letter in an edited form: checked here first, then run on the server as a new change linked to it. */
export function ItemEdit({
  id,
  fleetId,
  opText,
  basis,
  identity,
  issues,
  sides,
  settled,
  onClose,
}: ItemEditProps) {
  const router = useRouter()
  const saidId = useId()
  const [text, setText] = useState(opText)
  const [reason, setReason] = useState('')
  const op = parsedOrNull(text)
  const hasForm = bodyOf(parsedOrNull(opText)) !== null
  const [asJson, setAsJson] = useState(!hasForm)
  const run = async (): Promise<Failure | null> => {
    const checked = await checkInBrowser(text, basis)
    if (!checked.ok) return checked
    const url = `/api/admin/v1/dead-letters/${id}/edit?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { op: checked.op, reason: reason.trim() })
    if (!sent.ok && sent.code === 'not_replayable') return { message: `${SETTLED} (409)`, issues: [] }
    if (!sent.ok) return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
    const outcome = replayToast(sent.body)
    router.refresh()
    // Refused again: what was typed stays, to go on from.
    if (!closedByEdit(sent.body)) return { message: outcome.text, issues: [] }
    showToast(outcome)
    onClose()
    return null
  }
  const ready = text !== opText && reason.trim() !== '' && !settled
  const { busy, failure, onSubmit } = useSubmit({
    ready,
    run,
    unanswered: {
      message: 'The server did not answer; reload to see whether the change was replayed.',
      issues: [],
    },
  })
  const close = (): void => {
    onClose()
    router.refresh()
  }

  return (
    <form className="form edit-letter" aria-label="Edit and replay" onSubmit={onSubmit}>
      <p className="sub">
        Stays as it is: <span className="mono">{identity.collection}</span> record{' '}
        <span className="mono">{shortId(identity.recordId)}</span>, by {identity.deviceName}, made on{' '}
        {identity.baseVersion === 0 ? 'no record' : `v${identity.baseVersion}`}. What runs is a new change
        linked to <span className="mono">{shortId(identity.mutationId)}</span>; the one that failed is kept.
      </p>
      {hasForm ? (
        <div className="edit-mode" role="group" aria-label="How it is edited">
          <Button aria-pressed={!asJson} disabled={op === null} onClick={() => setAsJson(false)}>
            Form
          </Button>
          <Button aria-pressed={asJson} onClick={() => setAsJson(true)}>
            JSON
          </Button>
        </div>
      ) : null}
      {asJson || op === null ? (
        <label className="field">
          <span>The change to replay instead, as JSON</span>
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
      ) : (
        <EditForm
          op={op}
          schema={basis.schema}
          refused={
            failure === null || failure.issues.length === 0
              ? stillRefused(refusedFields(issues), opText, op)
              : refusedFields(failure.issues)
          }
          onField={(name, value) => setText(JSON.stringify(withField(op, name, value), null, 2))}
        />
      )}
      <EditForecast id={id} fleetId={fleetId} text={text} basis={basis} sides={sides} />
      <ReasonField
        value={reason}
        placeholder="Why is this what the device meant?"
        onChange={(event) => setReason(event.target.value)}
      />
      <div id={saidId} role="alert">
        {settled ? <Status kind="warn">{SETTLED}</Status> : null}
        {failure && !settled && <FormFailure failure={failure} whole="(the whole record)" />}
      </div>
      <div className="acts">
        <Button onClick={close}>{settled ? 'See what became of it' : 'Cancel'}</Button>
        <Button type="submit" tone="primary" disabled={!ready || busy} aria-busy={busy}>
          {busy ? 'Replaying…' : 'Replay as edited'}
        </Button>
      </div>
    </form>
  )
}

/** What was refused of the fields that stand as they did: of others nobody has judged yet. Pure. */
function stillRefused(
  refused: Readonly<Record<string, string>>,
  opText: string,
  op: unknown,
): Readonly<Record<string, string>> {
  const [before, now] = [bodyOf(parsedOrNull(opText))?.body ?? {}, bodyOf(op)?.body ?? {}]
  const isSame = (name: string): boolean => JSON.stringify(before[name]) === JSON.stringify(now[name])
  return Object.fromEntries(Object.entries(refused).filter(([name]) => isSame(name)))
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Half typed: it is shown as the text that it is.
    return null
  }
}

/** The answer names the new change where there is one. */
const closedByEdit = (body: unknown): boolean =>
  typeof (body as { mutationId?: unknown } | null)?.mutationId === 'string'
