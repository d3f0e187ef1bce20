'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ReasonField, SelectField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../../settings/field-text.ts'
import { useBasis } from '../../use-basis.ts'
import { STRATEGY_WORDS, TIE_WORDS } from '../strategy-words.ts'

const choicesOf = (words: Readonly<Record<string, string>>) =>
  Object.entries(words).map(([value, says]) => ({ value, label: `${value}: ${says}` }))
const STRATEGY_CHOICES = choicesOf(STRATEGY_WORDS)
const TIE_CHOICES = choicesOf(TIE_WORDS)
/** Beside a field there is no room for what it does. */
const OWN_CHOICES = Object.keys(STRATEGY_WORDS).map((value) => ({ value, label: value }))

type Strategies = {
  strategy: string
  tieRule: string
  fieldStrategies: Readonly<Record<string, string>>
}
export type StrategyFormProps = Strategies & { id: string; fleetId: string; name: string; version: number }

/** What StrategyFields holds. Pure. */
export function strategiesOf(form: FormData): Strategies {
  const owns = form.getAll('own')
  const fields = form.getAll('field').map((field, index) => [String(field), String(owns[index])] as const)
  return {
    strategy: fieldText(form, 'strategy'),
    tieRule: fieldText(form, 'tieRule'),
    fieldStrategies: Object.fromEntries(fields),
  }
}

/** Changes how conflicts of a collection are settled, and of single fields; dangerous, so that it takes a reason. */
export function StrategyForm({ id, fleetId, name, version, ...strategies }: StrategyFormProps) {
  const { basis, touch, saved } = useBasis(version)
  return (
    <FormDialog
      trigger={<Button>Change strategy…</Button>}
      title={`How are conflicts of ${name} settled?`}
      about="It holds for conflicts from now on; what was decided stays. Devices hear of it with their next contact."
      submitLabel="Change strategy"
      done="The strategy is changed"
      send={async (form) => {
        const sent = await sendJson(
          'PATCH',
          `/api/admin/v1/collections/${id}?fleet=${encodeURIComponent(fleetId)}`,
          {
            version: basis,
            ...strategiesOf(form),
            reason: fieldText(form, 'reason'),
          },
        )
        if (sent.ok) saved((sent.body as { version: number }).version)
        return sent
      }}
    >
      <div className="form" key={basis} onInput={touch}>
        <StrategyFields {...strategies} onCount={touch} />
        <ReasonField placeholder="What goes wrong with the present one?" />
      </div>
    </FormDialog>
  )
}

/** The same for who tries strategies out. */
export function StrategyFields({
  strategy,
  tieRule,
  fieldStrategies,
  onCount,
}: Strategies & { onCount: () => void }) {
  const [fields, setFields] = useState(() =>
    Object.entries(fieldStrategies).map(([field, own], key) => ({ key, field, own })),
  )
  const put = (next: typeof fields): void => {
    onCount()
    setFields(next)
  }
  const nextKey = fields.reduce((most, { key }) => Math.max(most, key + 1), 0)
  return (
    <>
      <SelectField label="Strategy" name="strategy" choices={STRATEGY_CHOICES} defaultValue={strategy} />
      <SelectField
        label="When both changed the same field"
        name="tieRule"
        choices={TIE_CHOICES}
        defaultValue={tieRule}
      />
      <fieldset className="steps">
        <legend>Fields of their own</legend>
        {fields.map(({ key, field, own }, index) => (
          <div className="step" key={key}>
            <TextField
              label={`Field ${index + 1}`}
              name="field"
              className="input mono"
              defaultValue={field}
              placeholder="/remarks"
              pattern="/.*"
              title="A JSON Pointer, such as /remarks"
              required
            />
            <SelectField label="Its own" name="own" choices={OWN_CHOICES} defaultValue={own} />
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
          <Button onClick={() => put([...fields, { key: nextKey, field: '', own: 'lww' }])}>
            Add a field
          </Button>
        </div>
      </fieldset>
    </>
  )
}
