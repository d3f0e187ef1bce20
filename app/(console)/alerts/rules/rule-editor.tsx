'use client'
import { useRouter } from 'next/navigation'
import { useMemo, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { plural } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import type { RulePreview } from '#lib/application/alerts/preview-rule.ts'
import type { AlertRule } from '#lib/application/alerts/terms.ts'
import { sendJson } from '../../send-json.ts'
import { Overtaken, SendForm } from '../../send-form.tsx'
import { useBasis } from '../../use-basis.ts'
import { usePreview } from '../../use-preview.ts'
import { changed, draftOf, problemsOfDraft, ruleOf } from './rule-draft.ts'
import { RuleFormFields } from './rule-form-fields.tsx'
import { ruleHref, rulesUrl } from './rule-links.ts'
import { RulePreviewPart } from './rule-preview.tsx'
import type { Draft } from './rule-fields.ts'

export type RuleEditorProps = {
  fleetId: string
  /** Null for a new one. */
  stored: { rule: AlertRule; version: number } | null
  /** What a new one begins with, where it isn't just anything. */
  begin?: Draft | null
  /** Operators preview, administrators save. */
  role: string
  query: string
}

type Answer = { rule: AlertRule; version: number }

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const DAYS = [1, 7, 30].map((days) => ({ value: String(days), label: `Last ${plural(days, 'day')}` }))

/** A rule in its fields, what it would have done over the past days, and its saving. */
export function RuleEditor({ fleetId, stored, begin = null, role, query }: RuleEditorProps) {
  const router = useRouter()
  const [answer, setAnswer] = useState<Answer | null>(null)
  // What was saved stands for what is stored until the page has it.
  if (answer !== null && stored !== null && stored.version >= answer.version) setAnswer(null)
  const latest = answer ?? stored
  // Null: as it is stored, whatever that is by now.
  const [typed, setTyped] = useState<Draft | null>(null)
  const [named, setNamed] = useState('')
  const [days, setDays] = useState('30')
  const { basis, isOvertaken, touch, saved } = useBasis(latest?.version ?? 0)
  const [state, look] = usePreview<RulePreview>(rulesUrl(fleetId, '/preview'))
  const draft = typed ?? (latest === null ? begin : null) ?? draftOf(latest?.rule ?? null)
  const name = stored?.rule.name ?? named.trim()
  const { rule, problems } = useMemo(
    () => ({ rule: ruleOf(draft, name), problems: problemsOfDraft(draft, name) }),
    [draft, name],
  )
  const isNamed = NAME.test(name)
  const isWhole = isNamed && Object.keys(problems).length === 0
  const asked = JSON.stringify({ rule, days: Number(days) })
  const isCurrent = state.looked?.asked === asked
  const fields = (
    <>
      {stored === null ? (
        <TextField
          label="Name, which stays"
          value={named}
          maxLength={60}
          placeholder="orders-slow"
          hint="lower-case words with hyphens"
          problem={named === '' || isNamed ? undefined : 'must be lower-case words with hyphens'}
          onChange={(event) => setNamed(event.target.value)}
        />
      ) : null}
      <RuleFormFields
        draft={draft}
        problems={typed === null ? {} : problems}
        put={(path, value) => {
          touch()
          setTyped(changed(draft, path, value))
        }}
      />
      {isOvertaken ? <Overtaken /> : null}
    </>
  )
  const preview = (
    <>
      <SelectField
        label="Preview over"
        choices={DAYS}
        value={days}
        onChange={(event) => setDays(event.target.value)}
      />
      <Button
        tone={isCurrent ? 'plain' : 'primary'}
        disabled={!isWhole}
        aria-busy={state.sinceMs !== null}
        onClick={() => look(asked)}
      >
        {state.sinceMs === null ? 'Preview' : 'Replaying…'}
      </Button>
    </>
  )
  return (
    <div className="tried">
      {role === 'admin' ? (
        <SendForm
          submitLabel={stored === null ? 'Make the rule' : 'Save rule'}
          done={stored === null ? 'The rule is made' : 'The rule is saved'}
          primary={isCurrent}
          ready={isWhole}
          beside={preview}
          send={() => {
            const { name: _, ...said } = rule
            return stored === null
              ? sendJson('POST', rulesUrl(fleetId), rule)
              : sendJson('PATCH', rulesUrl(fleetId, `/${name}`), { ...said, version: basis })
          }}
          onDone={(body) => {
            const next = body as Answer
            setAnswer(next)
            setTyped(null)
            saved(next.version)
            if (stored === null) router.push(ruleHref(query, next.rule.name))
          }}
        >
          {fields}
        </SendForm>
      ) : (
        <div className="form">
          {fields}
          <div className="acts">{preview}</div>
          <ForbiddenState title="You can try a change out, not save it" role={role} needs="admin" />
        </div>
      )}
      <div>
        <RulePreviewPart state={state} isCurrent={isCurrent} />
      </div>
    </div>
  )
}
