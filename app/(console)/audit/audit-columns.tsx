import type { Column } from '#components/table/table-cells.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { AuditRow } from './audit-row.ts'
import { KIND_WORDS, OUTCOME_WORDS } from './audit-words.ts'

export const AUDIT_LABEL = 'Audit entries, newest first'

/** @param nowMs when the rows were read */
export function auditColumns(nowMs: number): readonly Column<AuditRow>[] {
  return [
    { key: 'at', header: 'When', cell: (row) => <Time at={row.atMs} now={nowMs} show="clock" /> },
    {
      key: 'who',
      header: 'Who',
      cell: ({ who, kind }) => (
        <>
          <b>{who}</b> <span className="den hide-phone">{KIND_WORDS[kind]}</span>
        </>
      ),
    },
    { key: 'action', header: 'Did', cell: ({ action }) => <span className="mono">{action}</span> },
    {
      key: 'target',
      header: 'To',
      hideOnPhone: true,
      cell: ({ target }) => <span className="mono">{target}</span>,
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
