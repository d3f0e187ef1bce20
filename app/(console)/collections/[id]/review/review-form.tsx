'use client'
import { useState, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { AreaField, ReasonField, SelectField, TextField } from '#components/ui/field.tsx'
import { sendJson } from '../../../send-json.ts'
import { Overtaken, SendForm } from '../../../send-form.tsx'
import { fieldText } from '../../../settings/field-text.ts'
import { useBasis } from '../../../use-basis.ts'

type Word = { value: string; label: string }
export type ReviewFormProps = {
  id: string
  fleetId: string
  /** The newest version; 0 where there is none. */
  version: number
  questions: readonly {
    question: string
    asks: string
    choices: readonly Word[]
    choice: string | null
    note: string
    /** What was measured. */
    facts: ReactNode
  }[]
  fields: readonly { place: string; kind: string }[]
  fieldKinds: readonly Word[]
}

const NOT_ANSWERED = { value: '', label: 'Not answered' }
/** As the API takes it. */
const NOTE_LENGTH_MAX = 2_000

/** The five questions, each beside what was measured; what is sent becomes the next version. */
export function ReviewForm({ id, fleetId, version, questions, fields, fieldKinds }: ReviewFormProps) {
  const { basis, touch, saved, isOvertaken } = useBasis(version)
  return (
    <SendForm
      submitLabel={`Keep as version ${basis + 1}`}
      done="The review is kept"
      ready={!isOvertaken}
      beside={isOvertaken ? <Overtaken /> : undefined}
      send={async (form) => {
        const kinds = form.getAll('kind')
        const answered = questions.map(({ question }) => [
          question,
          { choice: fieldText(form, question) || null, note: fieldText(form, `${question}-note`) },
        ])
        const sent = await sendJson(
          'POST',
          `/api/admin/v1/collections/${id}/reviews?fleet=${encodeURIComponent(fleetId)}`,
          {
            version: basis,
            answers: {
              ...Object.fromEntries(answered),
              fields: Object.fromEntries(form.getAll('place').map((place, i) => [place, kinds[i]])),
            },
            reason: fieldText(form, 'reason'),
          },
        )
        if (sent.ok) saved((sent.body as { version: number }).version)
        return sent
      }}
    >
      <div className="form review-form" key={basis} onInput={touch}>
        {questions.map(({ question, asks, choices, choice, note, facts }) => (
          <fieldset key={question} className="question">
            <legend>{asks}</legend>
            {facts}
            <div className="answer">
              <SelectField
                label="Answer"
                aria-label={`Answer: ${asks}`}
                name={question}
                choices={[NOT_ANSWERED, ...choices]}
                defaultValue={choice ?? ''}
              />
              <AreaField
                label="Note"
                name={`${question}-note`}
                aria-label={`Note: ${asks}`}
                defaultValue={note}
                maxLength={NOTE_LENGTH_MAX}
                rows={2}
              />
            </div>
          </fieldset>
        ))}
        <FieldKinds start={fields} kinds={fieldKinds} onCount={touch} />
        <ReasonField placeholder="What led to this review?" />
      </div>
    </SendForm>
  )
}

function FieldKinds({
  start,
  kinds,
  onCount,
}: {
  start: ReviewFormProps['fields']
  kinds: readonly Word[]
  onCount: () => void
}) {
  const [fields, setFields] = useState(() => start.map((field, key) => ({ key, ...field })))
  const put = (next: typeof fields): void => {
    onCount()
    setFields(next)
  }
  const nextKey = fields.reduce((most, { key }) => Math.max(most, key + 1), 0)
  return (
    <fieldset className="steps">
      <legend>Fields that are more than a plain value</legend>
      {fields.map(({ key, place, kind }, index) => (
        <div className="step" key={key}>
          <TextField
            label={`Field ${index + 1}`}
            name="place"
            className="input mono"
            defaultValue={place}
            placeholder="/remarks"
            pattern="/.*"
            title="A JSON Pointer, such as /remarks"
            required
          />
          <SelectField label={`What field ${index + 1} is`} name="kind" choices={kinds} defaultValue={kind} />
          <Button
            tone="quiet"
            aria-label={`Leave out field ${index + 1}`}
            onClick={() => put(fields.filter((one) => one.key !== key))}
          >
            Leave out
          </Button>
        </div>
      ))}
      <div>
        <Button onClick={() => put([...fields, { key: nextKey, place: '', kind: 'text' }])}>
          Add a field
        </Button>
      </div>
    </fieldset>
  )
}
