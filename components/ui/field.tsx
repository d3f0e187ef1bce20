import { useId, type ComponentProps, type ReactNode } from 'react'
import { StatusShape } from '#components/ui/status.tsx'

type About = {
  label: string
  hint?: ReactNode
  /** What is wrong with what stands there. */
  problem?: string | undefined
}

/** A line to fill in, with its name above and what may stand there below. */
export function TextField({ label, hint, problem, ...input }: About & ComponentProps<'input'>) {
  const id = useId()
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="input"
        autoComplete="off"
        spellCheck={false}
        {...describedBy(id, hint, problem)}
        {...input}
      />
      <Below id={id} hint={hint} problem={problem} />
    </label>
  )
}

const describedBy = (id: string, hint: ReactNode, problem: string | undefined) => ({
  ...(hint === undefined && problem === undefined ? {} : { 'aria-describedby': id }),
  ...(problem === undefined ? {} : { 'aria-invalid': true }),
})

/** What is wrong comes before what may stand there. */
function Below({ id, hint, problem }: { id: string } & Pick<About, 'hint' | 'problem'>) {
  if (problem !== undefined)
    return (
      <span className="err" id={id}>
        <StatusShape kind="crit" />
        {problem}
      </span>
    )
  if (hint === undefined) return null
  return (
    <span className="sub hint" id={id}>
      {hint}
    </span>
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
export function AreaField({ label, hint, problem, ...area }: About & ComponentProps<'textarea'>) {
  const id = useId()
  return (
    <label className="field">
      <span>{label}</span>
      <textarea
        className="input mono"
        autoComplete="off"
        spellCheck={false}
        {...describedBy(id, hint, problem)}
        {...area}
      />
      <Below id={id} hint={hint} problem={problem} />
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
  problem,
  choices,
  ...select
}: About & { choices: readonly { value: string; label: string }[] } & ComponentProps<'select'>) {
  const id = useId()
  return (
    <label className="field">
      <span>{label}</span>
      <select className="input" {...describedBy(id, hint, problem)} {...select}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      <Below id={id} hint={hint} problem={problem} />
    </label>
  )
}
