import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { LinkButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { listRules, type RuleView } from '#lib/application/alerts/list-rules.ts'
import { RULE_FIELDS } from '#lib/query/alert-fields.ts'
import { keptPage } from '../../kept-page.tsx'
import { listFilter } from '../../list-filter.ts'
import { ListFrame } from '../../list-frame.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { AlertsTabs } from '../alerts-tabs.tsx'
import { loadSearched, SEARCHED } from '../search-params.ts'
import { NEW_RULE_PATH, ruleHref } from './rule-links.ts'
import {
  conditionText,
  forText,
  ORIGIN_WORDS,
  partsText,
  rulesEvidence,
  rulesSentence,
  SEVERITY_KINDS,
  stateOfRule,
} from './rule-words.ts'

export const metadata: Metadata = { title: 'Alert rules · Tidemark' }

const FACET_WORDS = { is: 'State', severity: 'Severity', origin: 'Origin' } as const
const FACETS = (['is', 'severity', 'origin'] as const).map((key) => ({
  key,
  label: FACET_WORDS[key],
  values: RULE_FIELDS[key].choices.map(({ value }) => ({ value })),
}))

/** What is this fleet watched for? */
async function RulesPage({ searchParams }: PageProps) {
  const [at, { q }] = await Promise.all([
    visit('/alerts/rules', searchParams, SEARCHED),
    loadSearched(searchParams),
  ])
  const { fleet } = at
  const { filter, problem } = listFilter(q, RULE_FIELDS)
  const rules =
    problem === null ? await listRules(at.ctx, { actor: at.actor, fleetId: fleet.id, query: { q } }) : []
  return (
    <ListFrame
      at={at}
      label="Alert rules"
      tabs={<AlertsTabs part="/alerts/rules" query={at.query} />}
      sentence={rulesSentence(rules, q)}
      evidence={`${rulesEvidence(rules)}${fleet.role === 'admin' ? '' : ` Your role is ${fleet.role}; changing one needs admin.`}`}
      fields={RULE_FIELDS}
      filter={filter}
      facets={FACETS}
      counted={null}
      views={null}
      problem={problem}
      actions={
        fleet.role === 'admin' ? (
          <LinkButton tone="primary" href={carryShared(NEW_RULE_PATH, at.query)}>
            New rule
          </LinkButton>
        ) : undefined
      }
    >
      <DataTable
        label="Alert rules"
        columns={[
          {
            key: 'rule',
            header: 'Rule',
            cell: ({ rule }) => (
              <>
                <b>{rule.title}</b> <span className="den mono hide-phone">{rule.name}</span>
              </>
            ),
          },
          { key: 'state', header: 'Now', cell: (view) => <Standing view={view} /> },
          {
            key: 'severity',
            header: 'Severity',
            hideOnPhone: true,
            cell: ({ rule }) => <Status kind={SEVERITY_KINDS[rule.severity]}>{rule.severity}</Status>,
          },
          {
            key: 'condition',
            header: 'Fires on',
            hideOnPhone: true,
            cell: ({ rule }) => conditionText(rule.condition, fleet.limits),
          },
          {
            key: 'for',
            header: 'After',
            hideOnPhone: true,
            cell: ({ rule }) => <span className="nw">{forText(rule)}</span>,
          },
          {
            key: 'fired',
            header: 'Last fired',
            hideOnPhone: true,
            cell: ({ lastFiredMs }) =>
              lastFiredMs === null ? (
                <span className="den">not lately</span>
              ) : (
                <Time at={lastFiredMs} now={at.nowMs} show="age" />
              ),
          },
          {
            key: 'origin',
            header: 'Origin',
            hideOnPhone: true,
            cell: ({ origin }) => (
              <span className={origin === 'shipped' ? 'den' : undefined}>{ORIGIN_WORDS[origin]}</span>
            ),
          },
        ]}
        rows={rules}
        rowKey={({ rule }) => rule.name}
        rowHref={({ rule }) => ruleHref(at.query, rule.name)}
        empty={
          <EmptyState title={problem === null ? 'No rule matches this search' : 'Nothing was searched'} />
        }
      />
    </ListFrame>
  )
}

function Standing({ view }: { view: RuleView }) {
  const { kind, word, parts } = stateOfRule(view)
  return (
    <>
      <Status kind={kind}>{word}</Status>{' '}
      {parts.length === 0 || view.rule.groupBy === 'fleet' ? null : (
        <span className="den">{partsText(parts)}</span>
      )}
    </>
  )
}

export default keptPage(RulesPage)
