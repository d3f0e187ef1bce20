import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { DataTable } from '#components/table/data-table.tsx'
import { capitalised, formatCount, plural, shortId } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { isAtLeast, roleIn } from '#lib/application/access/authorize.ts'
import { getAudit } from '#lib/application/audit/get-audit.ts'
import { nameTargets } from '#lib/application/audit/name-targets.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import type { ItemProps } from '../../search-params.ts'
import { itemId, orNotFound, visit } from '../../viewer.ts'
import { AuditForbidden } from '../audit-forbidden.tsx'
import { auditRow, type AuditRow } from '../audit-row.ts'
import { KIND_WORDS, OUTCOME_WORDS } from '../audit-words.ts'
import { TargetLink } from '../target-link.tsx'
import { changeRows } from '#components/ui/change-rows.ts'

export const metadata: Metadata = { title: 'Audit entry · Tidemark' }

/** What exactly was done, or refused? */
async function AuditEntryPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/audit/${id}`, searchParams)
  if (!isAtLeast(roleIn(at.actor, at.fleet.id), 'operator')) return <AuditForbidden at={at} part="fleet" />
  const entry = await orNotFound(getAudit(at.ctx, { actor: at.actor, id }).catch(hidden))
  const { actor, action, outcome, address, seq, mac, fleetId } = entry
  const row = auditRow(entry, await nameTargets(at.ctx, { actor: at.actor, entries: [entry] }))
  const isRefused = outcome === 'denied'
  const { rows, equal } = changeRows(entry.before, entry.after)
  const fleet = at.fleets.find((one) => one.id === fleetId)
  const note = equal === 0 ? {} : { note: `${plural(equal, 'equal field')} hidden` }
  return (
    <ConsolePage
      at={at}
      crumbs={[
        { label: 'Audit', href: carryShared('/audit', at.query) },
        { label: shortId(id), mono: true },
      ]}
    >
      <Verdict
        sentence={`${capitalised(row.who)}: ${row.did}`}
        evidence={evidenceOf(row)}
        status={{ kind: OUTCOME_WORDS[outcome].kind, word: OUTCOME_WORDS[outcome].words }}
      />
      <div className="cols">
        <div>
          <Section title="What changed" {...note}>
            <DataTable
              label="Fields before and after"
              columns={[
                {
                  key: 'field',
                  header: 'Field',
                  cell: ({ field }) => <b className="mono">{field}</b>,
                },
                { key: 'before', header: 'Before', cell: ({ before }) => <Value text={before} /> },
                { key: 'after', header: 'After', cell: ({ after }) => <Value text={after} /> },
              ]}
              rows={rows}
              rowKey={({ field }) => field}
              empty={
                <p className="sub">
                  {isRefused ? 'It was refused: nothing changed.' : 'This entry tells of no field.'}
                </p>
              }
            />
          </Section>
        </div>
        <div>
          <Section title="Who, when and from where">
            <KeyValue
              align="start"
              items={[
                { key: 'Who', value: row.kind === null ? row.who : `${row.who}, ${KIND_WORDS[row.kind]}` },
                { key: 'Id', value: <span className="mono">{actor.id}</span> },
                { key: 'When', value: <Time at={entry.atMs} now={at.nowMs} show="moment" /> },
                { key: 'From', value: address ?? 'not known' },
                {
                  key: row.tried === null ? 'To' : 'Tried',
                  value: <TargetLink row={row} query={at.query} />,
                },
                {
                  key: row.tried === null ? 'Action' : 'Code',
                  value: <span className="mono">{row.raw ?? action}</span>,
                },
                { key: 'Fleet', value: fleetId === null ? 'none' : (fleet?.name ?? shortId(fleetId)) },
              ]}
            />
          </Section>
          <Section title="Its place in the chain">
            {seq === null ? (
              <p className="sub">Written before there was a chain.</p>
            ) : (
              <KeyValue
                align="start"
                items={[
                  { key: 'Number', value: formatCount(seq) },
                  { key: 'Link', value: <span className="mono wrap">{mac}</span> },
                ]}
              />
            )}
          </Section>
        </div>
      </div>
    </ConsolePage>
  )
}

function evidenceOf({ reason, tried, outcome }: AuditRow): string {
  if (reason !== null) return `Why: ${reason}`
  if (tried !== null) return `What was tried: ${tried}`
  return outcome === 'denied' ? 'It was refused: nothing changed.' : 'No reason was given.'
}

/** Who may see lists of nothing sees no single entry either. */
function hidden(error: unknown): never {
  if (isApplicationError(error) && error.tidemarkCode === 'forbidden') notFound()
  throw error
}

function Value({ text }: { text: string | null }) {
  return text === null ? <span className="den">absent</span> : <span className="mono wrap">{text}</span>
}

export default keptPage(AuditEntryPage)
