import type { Metadata } from 'next'
import { LinkButton } from '#components/ui/button.tsx'
import { DiffTable } from '#components/ui/diff-table.tsx'
import { formatRound, shortId } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { showConflict, type ShownConflict } from '#lib/application/conflicts/show-conflict.ts'
import { CONFLICT_FIELDS } from '#lib/query/conflict-fields.ts'
import { isAmong } from '#lib/query/field.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import { listFilter } from '../../list-filter.ts'
import type { ItemProps } from '../../search-params.ts'
import { itemId, orNotFound, visit, type Visit } from '../../viewer.ts'
import { backHref, conflictHref, conflictsHref, openOf } from '../conflict-links.ts'
import { pairWords, standing } from '../desk-words.ts'
import { CONFLICTS, loadConflicts } from '../search-params.ts'
import { ConflictActs } from './conflict-acts.tsx'
import { ConflictSide } from './conflict-side.tsx'
import { DeskNote } from './desk-note.tsx'
import { conflictSentence, decidedWords, loserWords, maskedNote, restoreWays } from './side-words.ts'

export const metadata: Metadata = { title: 'Conflict · Tidemark' }

/** Who lost what, and what is to be kept? */
async function ConflictPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const [at, { q }] = await Promise.all([
    visit(`/conflicts/${id}`, searchParams, CONFLICTS),
    loadConflicts(searchParams),
  ])
  const shown = await orNotFound(showConflict(at.ctx, { actor: at.actor, fleetId: at.fleet.id, id }))
  const { conflict, record, sides, basis, masked } = shown
  const nextId = await nextOpen(at, shown, q)
  const isOpen = conflict.status === 'open'
  return (
    <ConsolePage
      at={at}
      crumbs={[
        { label: 'Conflicts', href: backHref(at.query) },
        { label: shortId(conflict.id), mono: true },
      ]}
    >
      <Verdict
        kind={statusOf(shown, at.nowMs).kind}
        sentence={conflictSentence(conflict)}
        evidence={decidedWords(conflict)}
        status={{ kind: statusOf(shown, at.nowMs).kind, word: statusOf(shown, at.nowMs).word }}
        facts={[
          {
            value: (
              <>
                arose <Time at={conflict.createdAtMs} now={at.nowMs} show="age" />
              </>
            ),
            of: null,
          },
          { value: conflict.strategy, of: 'strategy' },
          { value: pairWords(conflict), of: 'app versions' },
        ]}
        actions={
          nextId === null ? undefined : (
            <LinkButton href={conflictHref(at.query, nextId)}>
              {isOpen ? 'Next one that waits' : 'On to the next that waits'}
            </LinkButton>
          )
        }
      />
      <ConflictActs
        key={conflict.id}
        id={conflict.id}
        fleetId={at.fleet.id}
        role={at.fleet.role}
        isOpen={isOpen}
        version={record?.version ?? 0}
        ways={restoreWays(conflict)}
        merge={
          basis === null
            ? null
            : {
                schema: basis.schema,
                local: conflict.local,
                now: record?.data ?? null,
                fields: conflict.fields,
              }
        }
      />
      <Section
        title="By field"
        note={masked.length === 0 ? 'Δ is changed against the base' : maskedNote(masked)}
      >
        <DiffTable
          label="Base, device, server then and what stands now, by field"
          serverTitle="Server then"
          afterTitle="Stands now"
          base={conflict.base}
          device={conflict.local ?? {}}
          server={conflict.remote}
          refused={{}}
          after={record?.data ?? null}
          settled={isOpen ? null : conflict.result}
          when={{
            base: conflict.baseKnown
              ? conflict.base === null
                ? 'no record'
                : 'as made on'
              : 'no longer kept',
            device: conflict.local === null ? 'deleted it' : 'its change',
            server: serverWhen(conflict),
            after: record === null ? 'no record' : `v${record.version}${record.deleted ? ', deleted' : ''}`,
          }}
        />
        <LoserLine conflict={conflict} />
      </Section>
      <div className="cols">
        <Section title="Who made each side">
          <KeyValue
            align="start"
            items={[
              {
                key: 'Device’s side',
                value: <ConflictSide side={sides.local} query={at.query} nowMs={at.nowMs} />,
              },
              {
                key: 'Server’s side',
                value: <ConflictSide side={sides.remote} query={at.query} nowMs={at.nowMs} />,
              },
              ...(conflict.closure === null
                ? []
                : [
                    {
                      key: 'Decided',
                      value: <Time at={conflict.closure.atMs} now={at.nowMs} show="moment" />,
                    },
                  ]),
              { key: 'Record', value: <RecordLinks at={at} conflict={conflict} /> },
              {
                key: 'Session',
                value:
                  conflict.sessionId === null ? (
                    <span className="den">none</span>
                  ) : (
                    <Link
                      className="link mono"
                      href={carryShared(`/sessions/${conflict.sessionId}`, at.query)}
                    >
                      {shortId(conflict.sessionId)}
                    </Link>
                  ),
              },
            ]}
          />
        </Section>
        <Section
          title="What people say"
          {...(isOpen ? { note: `overdue after ${formatRound(shown.waitMaxMs)}` } : {})}
        >
          <DeskNote
            key={conflict.desk.version}
            id={conflict.id}
            fleetId={at.fleet.id}
            role={at.fleet.role}
            me={at.actor.name}
            isOpen={isOpen}
            desk={conflict.desk}
          />
        </Section>
      </div>
    </ConsolePage>
  )
}

type Conflict = ShownConflict['conflict']

const statusOf = ({ conflict, waitMaxMs }: ShownConflict, nowMs: number) =>
  standing(conflict, nowMs, { fleet: waitMaxMs, byCollection: {} })

const serverWhen = ({ remote, remoteVersion }: Conflict): string =>
  `${remoteVersion === null ? 'as it was' : `v${remoteVersion}`}${remote === null ? ', no record' : ''}`

function LoserLine({ conflict }: { conflict: Conflict }) {
  const said = loserWords(conflict)
  if (said === null) return null
  return (
    <p>
      <Status kind={said.lost ? 'warn' : 'ok'}>{said.lost ? 'Lost' : 'Nothing lost'}</Status> {said.words}
    </p>
  )
}

/** The record's id, and its other conflicts. */
function RecordLinks({ at, conflict: { collection, recordId } }: { at: Visit; conflict: Conflict }) {
  const href = conflictsHref(at.query, [isAmong('record', recordId), isAmong('status', 'open', 'resolved')])
  return (
    <>
      {collection} <span className="mono">{recordId}</span> ·{' '}
      <Link className="link" href={href}>
        its conflicts
      </Link>
    </>
  )
}

/** The one that waits longest of those of the list that arose since this one, else of all of it; null where no other one waits. */
async function nextOpen(at: Visit, { conflict }: ShownConflict, q: string): Promise<string | null> {
  const who = { actor: at.actor, fleetId: at.fleet.id }
  // A filter that is not understood is the list's to tell of.
  const asked = { q: openOf(listFilter(q, CONFLICT_FIELDS).filter), sort: 'waiting', limit: '2' }
  const from = String(conflict.createdAtMs)
  for (const query of [{ ...asked, from }, asked]) {
    const { items } = await listConflicts(at.ctx, { ...who, query })
    const found = items.find(({ id }) => id !== conflict.id)
    if (found !== undefined) return found.id
  }
  return null
}

export default keptPage(ConflictPage)
