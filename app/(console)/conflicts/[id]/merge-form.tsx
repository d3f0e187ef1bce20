'use client'
import { useRouter } from 'next/navigation'
import { useId, useState } from 'react'
import { sameValue } from '#components/status/conflict-fields.ts'
import { Button } from '#components/ui/button.tsx'
import { ReasonField } from '#components/ui/field.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'
import type { ShownConflict } from '#lib/application/conflicts/show-conflict.ts'
import { bodyOf, withField } from '#lib/application/dead-letters/edit-fields.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import { checkInBrowser } from '../../dead-letters/check-in-browser.ts'
import { EditForm } from '../../dead-letters/edit-form.tsx'
import { refusedFields } from '../../dead-letters/letter-words.ts'
import { FormFailure, type Failure } from '../../form-failure.tsx'
import { sendJson } from '../../send-json.ts'
import { contested, fieldText, startOf, type Contested } from './merge-start.ts'
import { OVERTAKEN } from './side-words.ts'

export type MergeFormProps = {
  id: string
  fleetId: string
  version: number
  schema: JsonSchema
  /** The device's side, and the record as it stands; null for none. */
  local: ShownConflict['conflict']['local']
  now: ShownConflict['conflict']['local']
  /** What both sides changed. */
  fields: readonly string[]
  onClose: () => void
}

/** A third version: a side for each field in which they differ, then whatever is typed over it; judged here, and again by the server. */
export function MergeForm({ id, fleetId, schema, local, fields, onClose, ...shown }: MergeFormProps) {
  // As it was when it was opened: over a record that has moved on since it is refused, and nobody's work is lost.
  const [{ version, now }] = useState(shown)
  const router = useRouter()
  const saidId = useId()
  const [text, setText] = useState(() => opText(startOf(local, now, fields)))
  const [typedAt, setTypedAt] = useState(0)
  const [reason, setReason] = useState('')
  const [asJson, setAsJson] = useState(false)
  const op = parsedOrNull(text)
  const data = bodyOf(op)?.body ?? null
  const run = async (): Promise<Failure | null> => {
    const checked = await checkInBrowser(text, { base: now, schema })
    if (!checked.ok) return checked
    if (checked.op.type !== 'put') return { message: 'A merge is a whole record: a put', issues: [] }
    const url = `/api/admin/v1/conflicts/${id}/resolve?fleet=${encodeURIComponent(fleetId)}`
    const body = { choice: 'merged', data: checked.op.data, version, reason: reason.trim() }
    const sent = await sendJson('POST', url, body)
    router.refresh()
    if (!sent.ok) {
      const said = sent.code === 'stale_version' ? OVERTAKEN : sent.message
      return { message: `${said} (${sent.code})`, issues: sent.issues }
    }
    showToast({ kind: 'ok', text: 'The merged version was kept' })
    onClose()
    return null
  }
  const ready = data !== null && reason.trim() !== ''
  const { busy, failure, onSubmit } = useSubmit({
    ready,
    run,
    unanswered: {
      message: 'The server did not answer; reload to see whether it was decided.',
      issues: [],
    },
  })
  const setField = (name: string, value: Parameters<typeof withField>[2]): void =>
    setText(JSON.stringify(withField(op, name, value), null, 2))
  const choose = (field: Contested, side: 'mine' | 'theirs'): void => {
    setField(field.name, side === 'mine' ? field.mine : field.theirs)
    // The field below shows what was chosen, not what was typed before.
    setTypedAt(typedAt + 1)
  }
  return (
    <form className="form edit-letter" aria-label="Choose by field" onSubmit={onSubmit}>
      {data === null ? null : <Choices fields={contested(local, now)} data={data} onChoose={choose} />}
      <div className="edit-mode" role="group" aria-label="How it is edited">
        <Button aria-pressed={!asJson} disabled={data === null} onClick={() => setAsJson(false)}>
          Form
        </Button>
        <Button aria-pressed={asJson} onClick={() => setAsJson(true)}>
          JSON
        </Button>
      </div>
      {asJson || data === null ? (
        <label className="field">
          <span>The record as it shall be, as JSON</span>
          <textarea
            className="editor"
            value={text}
            spellCheck={false}
            aria-invalid={failure !== null}
            aria-describedby={saidId}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
      ) : (
        <EditForm
          key={typedAt}
          op={op}
          schema={schema}
          refused={failure === null ? {} : refusedFields(failure.issues)}
          onField={setField}
        />
      )}
      <ReasonField
        value={reason}
        placeholder="Why is this the right version?"
        onChange={(event) => setReason(event.target.value)}
      />
      <div id={saidId} role="alert">
        {failure === null ? null : <FormFailure failure={failure} whole="(the whole record)" />}
      </div>
      <div className="acts">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" disabled={!ready || busy} aria-busy={busy}>
          {busy ? 'Writing…' : 'Keep this version'}
        </Button>
      </div>
    </form>
  )
}

/** A side for each field in which the device and the record as it stands differ. */
function Choices({
  fields,
  data,
  onChoose,
}: {
  fields: readonly Contested[]
  data: Readonly<Record<string, Contested['mine']>>
  onChoose: (field: Contested, side: 'mine' | 'theirs') => void
}) {
  const name = useId()
  if (fields.length === 0) return null
  return (
    <fieldset className="merge-fields">
      <legend>Fields in which the sides differ</legend>
      {fields.map((field) => {
        const isOf = (side: 'mine' | 'theirs'): boolean => sameValue(field[side], data[field.name])
        return (
          <div className="merge-field" key={field.name} role="radiogroup" aria-label={field.name}>
            <span className="mono">{field.name}</span>
            {(['mine', 'theirs'] as const).map((side) => (
              <label key={side}>
                <input
                  className="chk"
                  type="radio"
                  name={`${name} ${field.name}`}
                  checked={isOf(side)}
                  onChange={() => onChoose(field, side)}
                />
                <span>
                  <span className="sub">{side === 'mine' ? 'device' : 'server now'}</span>{' '}
                  <span className="mono">{fieldText(field[side])}</span>
                </span>
              </label>
            ))}
          </div>
        )
      })}
    </fieldset>
  )
}

const opText = (data: unknown): string => JSON.stringify({ type: 'put', data }, null, 2)

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Half typed: it is shown as the text that it is.
    return null
  }
}
