'use client'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { STEP_CHOICES, WHAT, type Step } from './migration-steps.ts'

const NEW_STEP: Step = { op: 'default', path: '', what: '' }

/** How documents of the version before become documents of the next one, step by step. */
export function UpMigrationEditor({
  from,
  steps,
  onChange,
}: {
  from: number
  steps: readonly Step[]
  onChange: (steps: readonly Step[]) => void
}) {
  const change = (at: number, changes: Partial<Step>): void =>
    onChange(steps.map((step, index) => (index === at ? { ...step, ...changes } : step)))
  return (
    <fieldset className="steps">
      <legend>{`Up-migration, v${from} to v${from + 1}`}</legend>
      {steps.length === 0 ? (
        <p className="sub">None: documents of v{from} stay as they are until something is written on them.</p>
      ) : null}
      {steps.map(({ op, path, what }, index) => {
        const second = WHAT[op]
        return (
          <div className="step" key={index}>
            <SelectField
              label={`Step ${index + 1}`}
              choices={STEP_CHOICES}
              value={op}
              onChange={(event) => change(index, { op: event.target.value as Step['op'] })}
            />
            <TextField
              label="Path"
              className="input mono"
              value={path}
              placeholder="/field"
              required
              onChange={(event) => change(index, { path: event.target.value })}
            />
            {second === null ? null : (
              <TextField
                label={second.label}
                className="input mono"
                value={what}
                placeholder={second.hint}
                required
                onChange={(event) => change(index, { what: event.target.value })}
              />
            )}
            <Button
              tone="quiet"
              aria-label={`Leave out step ${index + 1}`}
              onClick={() => onChange(steps.filter((_, at) => at !== index))}
            >
              Leave out
            </Button>
          </div>
        )
      })}
      <div>
        <Button onClick={() => onChange([...steps, NEW_STEP])}>Add a step</Button>
      </div>
    </fieldset>
  )
}
