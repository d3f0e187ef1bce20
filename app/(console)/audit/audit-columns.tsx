import type { Column } from '#components/table/table-cells.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { AuditRow } from './audit-row.ts'
import { KIND_WORDS, OUTCOME_WORDS } from './audit-words.ts'
import { TargetLink } from './target-link.tsx'

export const AUDIT_LABEL = 'Audit entries, newest first'

/** @param nowMs when the rows were read @param query the page's own, which links carry on */
export function auditColumns(nowMs: number, query: string): readonly Column<AuditRow>[] {
  return [
    { key: 'at', header: 'When', cell: (row) => <Time at={row.atMs} now={nowMs} show="clock" /> },
    {
      key: 'who',
      header: 'Who',
      cell: ({ who, kind }) => (
        <>
          <b>{who}</b> {kind === null ? null : <span className="den hide-phone">{KIND_WORDS[kind]}</span>}
        </>
      ),
    },
    {
      key: 'action',
      header: 'Did',
      cell: ({ did, raw }) => (
        <>
          {did} {raw === null ? null : <span className="den mono hide-phone">{raw}</span>}
        </>
      ),
    },
    {
      key: 'target',
      header: 'To',
      cell: (row) => <TargetLink row={row} query={query} />,
    },
    {
      key: 'reason',
      header: 'Why',
      hideOnPhone: true,
      cell: ({ reason }) => reason ?? <span className="den">not said</span>,
    },
    {
      key: 'from',
      header: 'From',
      hideOnPhone: true,
      cell: ({ address }) => (address === null ? <span className="den">not known</span> : address),
    },
    {
      key: 'outcome',
      header: 'Outcome',
      cell: ({ outcome }) => (
        <Status kind={OUTCOME_WORDS[outcome].kind}>{OUTCOME_WORDS[outcome].words}</Status>
      ),
    },
  ]
}
