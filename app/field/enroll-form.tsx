import { useState, type SyntheticEvent } from 'react'
import { AreaField, TextField } from '#components/ui/field.tsx'
import { problemSentence } from '#components/status/sync-words.ts'
import { credentialIn } from './enrollment-code.ts'
import { keptName } from './kept.ts'

const NAME_LENGTH_MAX = 120

/** Lets this device into a fleet by a link or a code; it needs no account. `again` is why an earlier code did not do. */
export function EnrollForm({
  initialKey,
  again,
  onEnroll,
}: {
  initialKey: string
  again?: string | null
  onEnroll: (key: string, name: string) => void
}) {
  const [text, setText] = useState(initialKey)
  const [name, setName] = useState(keptName)
  const [problem, setProblem] = useState<string>()
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault()
    const key = credentialIn(text)
    if (key === null)
      setProblem('This is no code of a fleet: it has 16 letters and figures, or begins with tme_.')
    else onEnroll(key, name.trim())
  }
  return (
    <form className="form enroll" onSubmit={onSubmit}>
      <h1>{again === undefined ? 'Connect this device' : 'This device needs a code'}</h1>
      <p>
        {again === undefined
          ? 'An administrator finds a link and a code in the console under Settings, Enrollment keys. Reports that you write are kept on this device and sent whenever there is a network.'
          : `${problemSentence(again)} What you wrote is still here.`}
      </p>
      <AreaField
        label="Code or link"
        rows={3}
        required
        value={text}
        problem={problem}
        onChange={(event) => {
          setText(event.target.value)
          setProblem(undefined)
        }}
      />
      <TextField
        label="Name of this device"
        hint="As operators see it, for example “Gate 12 tablet”"
        maxLength={NAME_LENGTH_MAX}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <div className="acts">
        <button type="submit" className="btn primary">
          Connect
        </button>
      </div>
    </form>
  )
}
