import { useEffect, useRef, useState, type SyntheticEvent } from 'react'
import { AreaField, SelectField, TextField } from '#components/ui/field.tsx'
import { Status } from '#components/ui/status.tsx'
import { follow } from './pending-writes.ts'
import { problemsOf, type Draft } from './report-draft.ts'
import { REPORT_FIELDS, type ReportField } from './report-fields.ts'
import { writeFailure } from './write-failure.ts'

/** By field. */
type Problems = Readonly<Record<string, string>>

/** The form of one report. `save` writes to this device, and is done when it is on the disk. */
export function ReportForm({
  draft,
  isChanged,
  submitLabel,
  onChange,
  onDiscard,
  save,
}: {
  draft: Draft
  isChanged: boolean
  submitLabel: string
  onChange: (draft: Draft) => void
  onDiscard?: () => void
  save: () => Promise<void>
}) {
  const [problems, setProblems] = useState<Problems>({})
  const [failure, setFailure] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const focused = useRef<Element | null>(null)
  useEffect(() => {
    // What is disabled loses the focus: it goes back to where the person was.
    if (!isBusy && document.activeElement === document.body && focused.current instanceof HTMLElement)
      focused.current.focus()
  }, [isBusy])
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault()
    const found = problemsOf(draft)
    setProblems(found)
    setFailure(null)
    const [first] = Object.keys(found)
    if (first !== undefined) return document.getElementsByName(first)[0]?.focus()
    focused.current = document.activeElement
    setIsBusy(true)
    follow(save())
      .catch((error: unknown) => {
        const { problems: forbidden, rest } = writeFailure(error)
        setProblems(forbidden)
        setFailure(rest)
        const [first] = Object.keys(forbidden)
        if (first !== undefined) focused.current = document.getElementsByName(first)[0] ?? null
      })
      .finally(() => setIsBusy(false))
  }
  return (
    <form className="form report-form" noValidate onSubmit={onSubmit}>
      {/* What would be typed while it is saved would be neither saved nor kept. */}
      <fieldset className="report-fields" disabled={isBusy}>
        {REPORT_FIELDS.map((field) => (
          <FormField
            key={field.name}
            field={field}
            value={draft[field.name] ?? ''}
            problem={problems[field.name]}
            onChange={(text) => {
              onChange({ ...draft, [field.name]: text })
              if (problems[field.name] !== undefined) setProblems(withoutOne(problems, field.name))
            }}
          />
        ))}
      </fieldset>
      {failure === null ? null : (
        <p role="alert">
          <Status kind="crit">Not saved</Status> {failure}
        </p>
      )}
      <div className="acts">
        <button type="submit" className="btn primary" disabled={isBusy || !isChanged}>
          {submitLabel}
        </button>
        {onDiscard === undefined || !isChanged ? null : (
          <button type="button" className="btn" disabled={isBusy} onClick={onDiscard}>
            Undo what I typed
          </button>
        )}
      </div>
    </form>
  )
}

const withoutOne = (problems: Problems, name: string): Problems =>
  Object.fromEntries(Object.entries(problems).filter(([of]) => of !== name))

function FormField({
  field: { name, label, kind, required, maxLength, choices = [], hint },
  value,
  problem,
  onChange,
}: {
  field: ReportField
  value: string
  problem: string | undefined
  onChange: (text: string) => void
}) {
  const told = { name, label, problem, value, ...(hint === undefined ? {} : { hint }) }
  const heard = { onChange: (event: { target: { value: string } }) => onChange(event.target.value) }
  if (kind === 'choice') {
    // Another value than those offered may stand there: it is shown, and stays until another is chosen.
    const offered = value === '' || choices.includes(value) ? choices : [...choices, value]
    const blank = required ? [] : [{ value: '', label: 'Not given' }]
    return (
      <SelectField
        {...told}
        {...heard}
        choices={[...blank, ...offered.map((choice) => ({ value: choice, label: choice }))]}
      />
    )
  }
  if (kind === 'area') return <AreaField {...told} {...heard} rows={3} maxLength={maxLength} />
  return (
    <TextField
      {...told}
      {...heard}
      required={required}
      maxLength={maxLength}
      type={kind === 'date' ? 'date' : 'text'}
      {...(kind === 'number' ? { inputMode: 'numeric' as const } : {})}
    />
  )
}
