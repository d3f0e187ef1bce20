'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/field.tsx'
import { useBasis } from '../../use-basis.ts'
import { PublishForm } from './publish-form.tsx'

type Rule = { id: string; cel: string; message: string }

/** Changes the business rules. Opened with a press, so that the page is for reading first. */
export function RulesEditor(props: { id: string; fleetId: string; version: number; rules: readonly Rule[] }) {
  const [open, setOpen] = useState(false)
  return open ? (
    <Fields {...props} onClose={() => setOpen(false)} />
  ) : (
    <Button onClick={() => setOpen(true)}>Change rules…</Button>
  )
}

function Fields({
  id,
  fleetId,
  version,
  rules: stored,
  onClose,
}: Parameters<typeof RulesEditor>[0] & { onClose: () => void }) {
  const { basis, touched, isOvertaken, touch, saved } = useBasis(version)
  const [rules, setRules] = useState(stored)
  const put = (next: readonly Rule[]): void => {
    touch()
    setRules(next)
  }
  const change = (at: number, changes: Partial<Rule>): void =>
    put(rules.map((rule, index) => (index === at ? { ...rule, ...changes } : rule)))
  return (
    <PublishForm
      id={id}
      fleetId={fleetId}
      basis={basis}
      touched={touched}
      isOvertaken={isOvertaken}
      build={() => ({ ok: true, value: { rules } })}
      label="Save rules"
      done="The rules are saved"
      primary={false}
      onDone={(next) => {
        saved(next)
        onClose()
      }}
    >
      {rules.map((rule, index) => (
        <fieldset className="steps" key={index}>
          <legend>{`Rule ${index + 1}`}</legend>
          <TextField
            label="Id"
            className="input mono"
            value={rule.id}
            maxLength={64}
            required
            onChange={(event) => change(index, { id: event.target.value })}
          />
          <TextField
            label="Must be true: CEL over old, new and device"
            className="input mono"
            value={rule.cel}
            placeholder="old == null || new.total >= old.total"
            required
            onChange={(event) => change(index, { cel: event.target.value })}
          />
          <TextField
            label="Said when it isn’t"
            value={rule.message}
            maxLength={500}
            required
            onChange={(event) => change(index, { message: event.target.value })}
          />
          <div>
            <Button tone="quiet" onClick={() => put(rules.filter((_, at) => at !== index))}>
              Leave out {rule.id === '' ? 'this rule' : rule.id}
            </Button>
          </div>
        </fieldset>
      ))}
      <div className="acts">
        <Button onClick={() => put([...rules, { id: '', cel: '', message: '' }])}>Add a rule</Button>
        <Button tone="quiet" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </PublishForm>
  )
}
