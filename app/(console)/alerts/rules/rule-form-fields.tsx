import { Button } from '#components/ui/button.tsx'
import { CheckField, SelectField, TextField } from '#components/ui/field.tsx'
import { capitalised, formatRound } from '#components/ui/format.ts'
import { ALERT_COUNTERS, FAMILIES, measureOf, nounOf } from '#lib/application/alerts/terms.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import {
  conditionFields,
  groupingsOf,
  KIND_WORDS,
  kindOf,
  limitsFor,
  measureIn,
  measureLabel,
  measuresOf,
  TIME_FIELDS,
  WINDOWS_MAX,
  windowFields,
  windowsOf,
  type Draft,
  type RuleField,
} from './rule-fields.ts'
import { GROUPING_WORDS, SEVERITY_WORDS, type FigureUnit } from './rule-words.ts'

export type RuleFieldsProps = {
  draft: Draft
  problems: Readonly<Record<string, string>>
  put: (path: string, value: string) => void
}

const UNIT_WORDS: Readonly<Record<FigureUnit, string>> = { percent: ', %', minutes: ', minutes', count: '' }
const KINDS = Object.entries(KIND_WORDS).map(([value, says]) => ({ value, label: capitalised(says) }))
const COUNTERS = ALERT_COUNTERS.map((value) => ({ value, label: capitalised(nounOf(value)) }))
const NONE = { value: '', label: 'No: the bound as it is' }
/** From here on minutes are hard to read. */
const LONG_MIN = 120

/** The fields of a rule; the kind of its condition and what it is about decide which there are. */
export function RuleFormFields(props: RuleFieldsProps) {
  return (
    <>
      <div className="field-grid">
        <Text {...props} path="/title" label="Title, as people are told" maxLength={120} />
        <Choice
          {...props}
          path="/severity"
          label="Severity"
          choices={SEVERITIES.map((value) => ({ value, label: SEVERITY_WORDS[value] }))}
        />
        <Choice
          {...props}
          path="/family"
          label="Family: what belongs into one incident"
          choices={FAMILIES.map((value) => ({ value, label: value }))}
        />
      </div>
      <ConditionFields {...props} />
      <div className="field-grid">
        {TIME_FIELDS.map((field) => (
          <Figure key={field.path} {...props} field={field} />
        ))}
        <Text
          {...props}
          path="/inhibitedBy"
          label="Says nothing while one of these fires"
          hint="names of rules, with a blank between"
        />
      </div>
      <CheckField
        label="On: it is looked at every 15 s"
        checked={props.draft['/enabled'] === 'on'}
        onChange={(event) => props.put('/enabled', event.target.checked ? 'on' : '')}
      />
    </>
  )
}

function ConditionFields(props: RuleFieldsProps) {
  const { draft } = props
  const kind = kindOf(draft)
  const ofMeasure = kind === 'threshold' || kind === 'burn_rate'
  return (
    <fieldset className="steps">
      <legend>What it fires on</legend>
      <div className="field-grid">
        <Choice {...props} path="/condition/kind" label="Fires when" choices={KINDS} />
        {ofMeasure ? (
          <Choice
            {...props}
            path="/condition/measure"
            label="Of this figure"
            choices={measuresOf(kind).map((value) => ({ value, label: measureLabel(measureOf(value)) }))}
          />
        ) : (
          <Choice {...props} path="/condition/counter" label="Of these" choices={COUNTERS} />
        )}
        <Choice
          {...props}
          path="/groupBy"
          label="Looks at"
          choices={groupingsOf(draft).map((value) => ({ value, label: GROUPING_WORDS[value] }))}
        />
        {kind === 'threshold' ? <BoundChoices {...props} /> : null}
        {kind === 'anomaly' ? (
          <Choice
            {...props}
            path="/condition/direction"
            label="Fires when it is"
            choices={[
              { value: 'below', label: 'under what is usual' },
              { value: 'above', label: 'over what is usual' },
            ]}
          />
        ) : null}
        {conditionFields(draft).map((field) => (
          <Figure key={field.path} {...props} field={field} />
        ))}
      </div>
      {kind === 'burn_rate' ? <Windows {...props} /> : null}
    </fieldset>
  )
}

/** Which side, and whether the bound is a number of the rule's own or a threshold of the fleet. */
function BoundChoices(props: RuleFieldsProps) {
  const measure = measureIn(props.draft)
  if (measure.kind === 'gauge' && measure.unit === 'flag') return null
  const limits = limitsFor(measure)
  return (
    <>
      <Choice
        {...props}
        path="/condition/comparison"
        label="Fires when it is"
        choices={[
          { value: 'above', label: 'over the bound' },
          { value: 'below', label: 'under the bound' },
        ]}
      />
      <Choice
        {...props}
        path="/condition/value/limit"
        label="The bound is"
        choices={[
          { value: '', label: 'a number of its own' },
          ...limits.map(({ name, label }) => ({ value: name, label: `the threshold “${label}”` })),
        ]}
      />
      {measure.kind === 'count' ? (
        <Choice
          {...props}
          path="/condition/perActivity/counter"
          label="And the bound rises with"
          choices={[NONE, ...COUNTERS]}
        />
      ) : null}
    </>
  )
}

/** Pairs of a long and a short window; any one of them is enough. */
function Windows(props: RuleFieldsProps) {
  const { draft, put } = props
  const count = windowsOf(draft)
  return (
    <>
      {Array.from({ length: count }, (_, index) => (
        <div className="field-grid" key={index}>
          {windowFields(index).map((field) => (
            <Figure key={field.path} {...props} field={field} />
          ))}
        </div>
      ))}
      <div className="row-acts">
        {count < WINDOWS_MAX ? (
          <Button onClick={() => put('/condition/windows', String(count + 1))}>Add a pair of windows</Button>
        ) : null}
        {count > 1 ? (
          <Button tone="quiet" onClick={() => put('/condition/windows', String(count - 1))}>
            Leave out the last pair
          </Button>
        ) : null}
      </div>
    </>
  )
}

type Place = RuleFieldsProps & { path: string; label: string }

function Choice({
  path,
  label,
  choices,
  draft,
  problems,
  put,
}: Place & { choices: readonly { value: string; label: string }[] }) {
  return (
    <SelectField
      label={label}
      choices={choices}
      value={draft[path] ?? ''}
      problem={problems[path]}
      onChange={(event) => put(path, event.target.value)}
    />
  )
}

function Text({
  path,
  label,
  hint,
  draft,
  problems,
  put,
  maxLength,
}: Place & { hint?: string; maxLength?: number }) {
  return (
    <TextField
      label={label}
      hint={hint}
      value={draft[path] ?? ''}
      problem={problems[path]}
      maxLength={maxLength}
      onChange={(event) => put(path, event.target.value)}
    />
  )
}

function Figure({
  field: { path, label, unit, hint },
  draft,
  problems,
  put,
}: RuleFieldsProps & { field: RuleField }) {
  const text = draft[path] ?? ''
  const minutes = Number(text)
  const long = unit === 'minutes' && minutes >= LONG_MIN ? `${formatRound(minutes * 60_000)}` : undefined
  return (
    <TextField
      label={`${label}${UNIT_WORDS[unit]}`}
      inputMode="decimal"
      hint={long ?? hint}
      value={text}
      problem={problems[path]}
      onChange={(event) => put(path, event.target.value)}
    />
  )
}
