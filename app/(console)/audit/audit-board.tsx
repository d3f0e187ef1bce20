import { EmptyState } from '#components/ui/empty-state.tsx'
import { isAtLeast, roleEverywhere } from '#lib/application/access/authorize.ts'
import { listAudit } from '#lib/application/audit/list-audit.ts'
import { nameTargets } from '#lib/application/audit/name-targets.ts'
import { AUDIT_FIELDS } from '#lib/query/audit-fields.ts'
import { ListFrame } from '../list-frame.tsx'
import { listFilter } from '../list-filter.ts'
import { exportHrefs, listUrl } from '../list-url.ts'
import { PartTabs } from '../part-tabs.tsx'
import { LIST, loadList, type PageQuery } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { AuditForbidden } from './audit-forbidden.tsx'
import { AuditList } from './audit-list.tsx'
import { auditRow } from './audit-row.ts'
import { auditSentence } from './audit-words.ts'
import { VerifyChain } from './verify-chain.tsx'

const PARTS = {
  fleet: { href: '/audit', label: 'This fleet' },
  all: { href: '/audit/all', label: 'Everything' },
} as const
const NOTHING = { items: [], nextCursor: null } as const

/** Who did what: in the fleet that is looked at, or everywhere. */
export async function AuditBoard({ part, search }: { part: keyof typeof PARTS; search: PageQuery }) {
  const { href } = PARTS[part]
  const [at, params] = await Promise.all([visit(href, search, LIST), loadList(search)])
  const everywhere = roleEverywhere(at.actor)
  const mayAll = isAtLeast(everywhere, 'operator')
  const tabs = mayAll ? (
    <PartTabs label="Audit" parts={Object.values(PARTS)} current={href} query={at.query} />
  ) : null
  if (part === 'all' ? !mayAll : !isAtLeast(at.fleet.role, 'operator'))
    return <AuditForbidden at={at} part={part} />
  const { q } = params
  const { filter, problem } = listFilter(q, AUDIT_FIELDS)
  const asking = { ...(part === 'fleet' ? { fleet: at.fleet.id } : {}), ...(q === '' ? {} : { q }) }
  const page = params.cursor === null ? {} : { cursor: params.cursor }
  const { items, nextCursor } =
    problem === null ? await listAudit(at.ctx, { actor: at.actor, query: { ...asking, ...page } }) : NOTHING
  const names = await nameTargets(at.ctx, { actor: at.actor, entries: items })
  const rows = items.map((entry) => auditRow(entry, names))
  const scope = { q, more: nextCursor !== null, later: params.cursor !== null }
  return (
    <ListFrame
      at={at}
      label="Audit"
      tabs={tabs}
      sentence={auditSentence(rows, scope, part === 'all' ? 'any fleet' : at.fleet.name)}
      evidence="Each write and each refusal, newest first. Entries are chained: one that is changed, moved or taken away is found."
      fields={AUDIT_FIELDS}
      filter={filter}
      facets={[]}
      counted={null}
      views={null}
      problem={problem}
      actions={isAtLeast(everywhere, 'admin') ? <VerifyChain /> : null}
    >
      <AuditList
        key={at.query}
        rows={rows}
        nextCursor={nextCursor}
        nowMs={at.nowMs}
        url={listUrl('audit', asking)}
        end={{ path: at.path, query: at.query, newest: 'entry', exports: exportHrefs('audit', asking) }}
        empty={
          <EmptyState
            title={emptyTitle(q, problem, scope.more)}
            detail={
              problem === null
                ? scope.more
                  ? 'Go on below: older ones are looked through next.'
                  : 'Take fewer filters.'
                : 'The box tells its keys while you type.'
            }
          />
        }
      />
    </ListFrame>
  )
}

function emptyTitle(q: string, problem: string | null, more: boolean): string {
  if (problem !== null) return 'Nothing was searched'
  if (q === '') return 'No entry yet'
  return more ? 'None of those that were looked through' : 'No entry matches this filter'
}
