import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { Countdown } from '#components/ui/countdown.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, formatPercent } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { listBreakers, type ShownBreaker } from '#lib/application/breakers/list-breakers.ts'
import { nameOfScope } from '#lib/application/breakers/scopes.ts'
import { ConsolePage } from '../console-page.tsx'
import { keptPage } from '../kept-page.tsx'
import type { PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { breakerHref } from './breaker-links.ts'
import {
  breakersSentence,
  FORCED_WORDS,
  holding,
  kindOfBreaker,
  scheduled,
  scopeSort,
  titleOfScope,
  waiting,
  wholePercent,
} from './breaker-words.ts'

export const metadata: Metadata = { title: 'Breakers · Tidemark' }

/** What is shut, by whom? */
async function BreakersPage({ searchParams }: PageProps) {
  const at = await visit('/breakers', searchParams)
  const breakers = await listBreakers(at.ctx, { actor: at.actor, fleetId: at.fleet.id })
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Breakers' }]}>
      <Verdict
        sentence={breakersSentence(breakers, at.nowMs)}
        evidence="Each process trips by what it sees itself; what people say holds in all of them. Figures are of the last 60 s."
      />
      <DataTable
        label="Breakers, the widest scope first"
        columns={[
          {
            key: 'scope',
            header: 'Scope',
            cell: (breaker) => (
              <>
                <b>{titleOfScope(breaker.scope)}</b>{' '}
                <span className="den hide-phone">{scopeSort(breaker)}</span>
              </>
            ),
          },
          { key: 'state', header: 'State', cell: (breaker) => <State breaker={breaker} /> },
          {
            key: 'failed',
            header: 'Failed',
            align: 'end',
            cell: ({ minute, settings }) => <Failed minute={minute} settings={settings} />,
          },
          {
            key: 'line',
            header: 'Opens at',
            align: 'end',
            hideOnPhone: true,
            cell: ({ settings }) => (
              <>
                {wholePercent(settings.failureRateMax)}{' '}
                <span className="den">of {formatCount(settings.callsMin)} or more</span>
              </>
            ),
          },
          {
            key: 'shed',
            header: 'Shed',
            align: 'end',
            hideOnPhone: true,
            cell: ({ minute }) =>
              minute.shed === 0 ? <span className="den">0</span> : <b>{formatCount(minute.shed)}</b>,
          },
          {
            key: 'override',
            header: 'Override',
            hideOnPhone: true,
            cell: (breaker) => <Said breaker={breaker} nowMs={at.nowMs} />,
          },
          {
            key: 'processes',
            header: 'Processes',
            align: 'end',
            hideOnPhone: true,
            cell: ({ processes }) => (
              <>
                {formatCount(processes.applied)}/{formatCount(processes.live)}{' '}
                <span className="den">applied</span>
              </>
            ),
          },
        ]}
        rows={breakers}
        rowKey={({ scope }) => scope}
        rowHref={({ scope }) => breakerHref(at.query, scope)}
        empty={<EmptyState title="No breaker guards this fleet" />}
      />
    </ConsolePage>
  )
}

function State({ breaker }: { breaker: ShownBreaker }) {
  const { state, overruledBy, processes } = breaker
  const kind = kindOfBreaker(breaker)
  if (overruledBy !== null) return <Status kind={kind}>shut by the {nameOfScope(overruledBy)}</Status>
  if (state === 'closed' && processes.notClosed > 0)
    return (
      <Status kind={kind}>
        not closed in {formatCount(processes.notClosed)} of {formatCount(processes.live)}
      </Status>
    )
  return <Status kind={kind}>{state.toUpperCase()}</Status>
}

function Failed({ minute, settings }: Pick<ShownBreaker, 'minute' | 'settings'>) {
  const { calls, failures, isPart } = minute
  if (isPart) return <span className="den">not known</span>
  if (calls === 0) return <span className="den">no calls</span>
  return (
    <>
      {calls < settings.callsMin ? formatCount(failures) : formatPercent(failures / calls)}{' '}
      <span className="den">of {formatCount(calls)}</span>
    </>
  )
}

function Said({ breaker, nowMs }: { breaker: ShownBreaker; nowMs: number }) {
  const [held, asked, later] = [holding(breaker), waiting(breaker), scheduled(breaker)]
  if (held)
    return (
      <>
        {FORCED_WORDS[held.kind].is} by {held.by.name}{' '}
        <span className="den">
          ends in <Countdown until={held.expiresAtMs} now={nowMs} over="a moment" />
        </span>
        {asked === null ? null : (
          <>
            {' '}
            <Status kind="warn">{FORCED_WORDS[asked.kind].is} waits for a second person</Status>
          </>
        )}
      </>
    )
  if (asked) return <Status kind="warn">waits for a second person</Status>
  return <span className="den">{later ? `${FORCED_WORDS[later.kind].is} later` : 'none'}</span>
}

export default keptPage(BreakersPage)
