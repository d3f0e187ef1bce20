'use client'
import { useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import type { JsonSchema } from '#lib/protocol/device.ts'
import {
  formFields,
  shownValue,
  typedValue,
  type FieldValue,
  type FormField,
} from '#lib/application/dead-letters/edit-fields.ts'

export type EditFormProps = {
  op: unknown
  schema: JsonSchema
  /** Top-level field → why it is refused. */
  refused: Readonly<Record<string, string>>
  onField: (name: string, value: FieldValue | undefined) => void
}

/** The document of a change as a form, made from the collection's schema; what is no plain value is JSON. */
export function EditForm({ op, schema, refused, onField }: EditFormProps) {
  const fields = formFields(op, schema)
  const isRefused = (name: string): boolean => Object.hasOwn(refused, name)
  const first = fields.find(({ name }) => isRefused(name)) ?? fields.find(({ value }) => value !== undefined)
  return (
    <div className="edit-fields">
      {fields.map((field) => (
        <Row
          key={field.name}
          field={field}
          why={isRefused(field.name) ? (refused[field.name] ?? null) : null}
          isFirst={field.name === first?.name}
          onChange={(value) => onField(field.name, value)}
        />
      ))}
    </div>
  )
}

function Row({
  field,
  why,
  isFirst,
  onChange,
}: {
  field: FormField
  why: string | null
  /** Where one begins to type. */
  isFirst: boolean
  onChange: (value: FieldValue | undefined) => void
}) {
  const id = useId()
  const { name, value, required } = field
  const isAbsent = value === undefined
  const hint = why === null ? hintOf(field) : `× ${why}`
  return (
    <div className="edit-field">
      <label htmlFor={id} className="mono">
        {name}
        {required ? <span className="sr"> (required)</span> : null}
      </label>
      {isAbsent ? (
        <span className="sub">not in it</span>
      ) : (
        <Input id={id} field={field} isRefused={why !== null} autoFocus={isFirst} onChange={onChange} />
      )}
      {isAbsent ? (
        <Button tone="quiet" onClick={() => onChange(firstValue(field))}>
          Add<span className="sr"> {name}</span>
        </Button>
      ) : required ? null : (
        <Button tone="quiet" onClick={() => onChange(undefined)}>
          Leave out<span className="sr"> {name}</span>
        </Button>
      )}
      {hint === null ? null : (
        <span className={why === null ? 'sub hint' : 'sub hint refusal'} id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  )
}

function Input({
  id,
  field,
  isRefused,
  autoFocus,
  onChange,
}: {
  id: string
  field: FormField
  isRefused: boolean
  autoFocus: boolean
  onChange: (value: FieldValue) => void
}) {
  // What is typed on the way to a number is none yet.
  const [text, setText] = useState(shownValue(field))
  const about = { id, autoFocus, 'aria-invalid': isRefused, 'aria-describedby': `${id}-hint` }
  if (field.kind === 'choice' || field.kind === 'truth') {
    const choices = field.kind === 'choice' ? field.choices : [true, false, ...(field.nullable ? [null] : [])]
    const texts = choices.map((choice) => JSON.stringify(choice))
    const now = JSON.stringify(field.value)
    return (
      <select
        className="input"
        {...about}
        value={now}
        onChange={(event) => onChange(JSON.parse(event.target.value) as FieldValue)}
      >
        {(texts.includes(now) ? texts : [now, ...texts]).map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    )
  }
  const change = (typed: string): void => {
    setText(typed)
    onChange(typedValue(field, typed))
  }
  const shared = {
    ...about,
    value: text,
    spellCheck: false,
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) => change(event.target.value),
  }
  return field.kind === 'json' ? (
    <textarea className="input mono" rows={2} {...shared} />
  ) : (
    <input className="input mono" inputMode={field.kind === 'number' ? 'decimal' : undefined} {...shared} />
  )
}

function hintOf(field: FormField): string | null {
  if (field.value === undefined) return null
  if (field.kind === 'mask') return 'masked: left as it is unless another value is typed'
  if (field.value === '') return 'an empty text'
  if (field.value === null) return 'null'
  return field.kind === 'json' ? 'JSON' : null
}

function firstValue(field: FormField): FieldValue {
  if (field.kind === 'choice') return field.choices[0] ?? null
  if (field.kind === 'truth') return false
  if (field.nullable || field.kind === 'json') return null
  return field.kind === 'number' ? 0 : ''
}
