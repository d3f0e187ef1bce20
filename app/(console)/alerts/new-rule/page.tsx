import type { Metadata } from 'next'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Verdict } from '#components/ui/verdict.tsx'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { AlertsTabs } from '../alerts-tabs.tsx'
import { RuleEditor } from '../rules/rule-editor.tsx'
import { NEW_RULE_PATH, RULES_PATH } from '../rules/rule-links.ts'
import { draftOn } from './begin.ts'
import { loadNewRule, NEW_RULE } from './search-params.ts'

export const metadata: Metadata = { title: 'New alert rule · Tidemark' }

/** A rule of this fleet's own, tried out over the past before it is made. */
async function NewRulePage({ searchParams }: PageProps) {
  const [at, { on, by }] = await Promise.all([
    visit(NEW_RULE_PATH, searchParams, NEW_RULE),
    loadNewRule(searchParams),
  ])
  const { fleet } = at
  return (
    <ConsolePage
      at={at}
      crumbs={[{ label: 'Alert rules', href: carryShared(RULES_PATH, at.query) }, { label: 'New rule' }]}
    >
      <AlertsTabs part="/alerts/rules" query={at.query} />
      <Verdict
        sentence={`A rule of ${fleet.name}’s own`}
        evidence="Say what it fires on, and preview it: the past days tell how often that would have been."
      />
      {fleet.role === 'admin' ? (
        <RuleEditor
          fleetId={fleet.id}
          stored={null}
          begin={on === null ? null : draftOn(on, by)}
          role={fleet.role}
          query={at.query}
        />
      ) : (
        <ForbiddenState title="You can read the rules, not make one" role={fleet.role} needs="admin" />
      )}
    </ConsolePage>
  )
}

export default keptPage(NewRulePage)
