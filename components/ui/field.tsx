import { useId, type ComponentProps, type ReactNode } from 'react'

type About = { label: string; hint?: ReactNode }

/** A line to fill in, with its name above and what may stand there below. */
export function TextField({ label, hint, ...input }: About & ComponentProps<'input'>) {
  const id = useId()
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="input"
        autoComplete="off"
        spellCheck={false}
        aria-describedby={hint === undefined ? undefined : id}
        {...input}
      />
      {hint === undefined ? null : (
        <span className="sub hint" id={id}>
          {hint}
        </span>
      )}
    </label>
  )
}

/** Longer reasons are cut by the field; the audit log keeps what is sent. */
const REASON_LENGTH_MAX = 500

/** Why somebody does what they do: every act that is audited asks for it. */
export const ReasonField = (props: Omit<Parameters<typeof TextField>[0], 'label'>) => (
  <TextField
    label="Reason, kept in the audit log"
    name="reason"
    maxLength={REASON_LENGTH_MAX}
    required
    {...props}
  />
)

/** Several lines to fill in. */
export function AreaField({ label, hint, ...area }: About & ComponentProps<'textarea'>) {
  const id = useId()
  return (
    <label className="field">
      <span>{label}</span>
      <textarea
        className="input mono"
        autoComplete="off"
        spellCheck={false}
        aria-describedby={hint === undefined ? undefined : id}
        {...area}
      />
      {hint === undefined ? null : (
        <span className="sub hint" id={id}>
          {hint}
        </span>
      )}
    </label>
  )
}

/** Something that is so or not. */
export function CheckField({ label, ...input }: Pick<About, 'label'> & ComponentProps<'input'>) {
  return (
    <label className="check-field">
      <input className="chk" type="checkbox" {...input} /> {label}
    </label>
  )
}

/** One of some choices. */
export function SelectField({
  label,
  hint,
  choices,
  ...select
}: About & { choices: readonly { value: string; label: string }[] } & ComponentProps<'select'>) {
  const id = useId()
  return (
    <label className="field">
      <span>{label}</span>
      <select className="input" aria-describedby={hint === undefined ? undefined : id} {...select}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      {hint === undefined ? null : (
        <span className="sub hint" id={id}>
          {hint}
        </span>
      )}
    </label>
  )
}
