import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { capitalised } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { getRule, type RuleView } from '#lib/application/alerts/list-rules.ts'
import { ConsolePage } from '../../../console-page.tsx'
import { keptPage } from '../../../kept-page.tsx'
import type { PageProps } from '../../../search-params.ts'
import { orNotFound, visit, type Visit } from '../../../viewer.ts'
import { AlertsTabs } from '../../alerts-tabs.tsx'
import { runbookHref } from '../../incident-links.ts'
import { TakeBack } from '../rule-acts.tsx'
import { RuleEditor } from '../rule-editor.tsx'
import { RULES_PATH } from '../rule-links.ts'
import {
  conditionText,
  forText,
  GROUPING_WORDS,
  ORIGIN_WORDS,
  partText,
  ruleSentence,
  SEVERITY_KINDS,
  stateOfRule,
  statusOfPart,
} from '../rule-words.ts'

export const metadata: Metadata = { title: 'Alert rule · Tidemark' }

/** One rule: what it looks for, how it stands, and the place to change it. */
async function RulePage({ params, searchParams }: PageProps & { params: Promise<{ name: string }> }) {
  const { name } = await params
  const at = await visit(`${RULES_PATH}/${name}`, searchParams)
  const { fleet, nowMs } = at
  const view = await orNotFound(getRule(at.ctx, { actor: at.actor, fleetId: fleet.id, name }))
  const { rule, origin, version, changed, parts } = view
  return (
    <ConsolePage
      at={at}
      crumbs={[
        { label: 'Alert rules', href: carryShared(RULES_PATH, at.query) },
        { label: rule.name, mono: true },
      ]}
    >
      <AlertsTabs part="/alerts/rules" query={at.query} />
      <Verdict
        kind={stateOfRule(view).kind}
        sentence={ruleSentence(view)}
        evidence={
          <>
            {capitalised(ORIGIN_WORDS[origin])}
            {changed === null ? null : (
              <>
                , by {changed.changedBy.name} <Time at={changed.changedAtMs} now={nowMs} />
              </>
            )}
            .{' '}
            <Link className="link" href={runbookHref(at.query, view.runbook)}>
              Its runbook
            </Link>
          </>
        }
        actions={
          fleet.role === 'admin' && origin !== 'shipped' ? (
            <TakeBack
              fleetId={fleet.id}
              name={rule.name}
              title={rule.title}
              version={version}
              origin={origin}
              query={at.query}
            />
          ) : undefined
        }
      />
      {parts.length === 0 ? null : <Standing parts={parts} nowMs={nowMs} />}
      <Section title={`Fires on ${conditionText(rule.condition, fleet.limits)}`} note={forText(rule)}>
        {fleet.role === 'viewer' ? (
          <ForViewer at={at} view={view} />
        ) : (
          <RuleEditor fleetId={fleet.id} stored={{ rule, version }} role={fleet.role} query={at.query} />
        )}
      </Section>
    </ConsolePage>
  )
}

function Standing({ parts, nowMs }: { parts: RuleView['parts']; nowMs: number }) {
  return (
    <Section title="Where it is not well">
      <DataTable
        label="Parts of the fleet for which the rule is not well"
        columns={[
          { key: 'part', header: 'Part', cell: ({ group }) => <b>{capitalised(partText(group))}</b> },
          {
            key: 'status',
            header: 'State',
            cell: (part) => <Status kind={statusOfPart(part).kind}>{statusOfPart(part).word}</Status>,
          },
          { key: 'since', header: 'Since', cell: ({ sinceMs }) => <Time at={sinceMs} now={nowMs} /> },
        ]}
        rows={parts}
        rowKey={({ group }) => partText(group)}
        empty={null}
      />
    </Section>
  )
}

function ForViewer({ at: { fleet }, view: { rule } }: { at: Visit; view: RuleView }) {
  return (
    <>
      <KeyValue
        align="start"
        items={[
          {
            key: 'Severity',
            value: <Status kind={SEVERITY_KINDS[rule.severity]}>{rule.severity}</Status>,
          },
          { key: 'Looks at', value: GROUPING_WORDS[rule.groupBy] },
          { key: 'Fires', value: forText(rule) },
          {
            key: 'Says nothing while these fire',
            value: rule.inhibitedBy.length === 0 ? 'none' : rule.inhibitedBy.join(', '),
          },
        ]}
      />
      <ForbiddenState
        title="You can see this rule, not try it out or change it"
        role={fleet.role}
        needs="admin"
        detail="Operators may preview a change."
      />
    </>
  )
}

export default keptPage(RulePage)
