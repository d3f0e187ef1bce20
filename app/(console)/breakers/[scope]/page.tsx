import type { Metadata } from 'next'
import { LinkButton } from '#components/ui/button.tsx'
import { plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { roleEverywhere } from '#lib/application/access/authorize.ts'
import { ENGINE_SCOPE } from '#lib/application/breakers/scopes.ts'
import { breakerDetail, type BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import { listBreakers, type ShownBreaker } from '#lib/application/breakers/list-breakers.ts'
import { whatIf } from '#lib/application/breakers/what-if.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { orNotFound, visit } from '../../viewer.ts'
import { momentHref, scopeOfParam } from '../breaker-links.ts'
import {
  breakerSentence,
  FORCED_WORDS,
  holding,
  kindOfBreaker,
  titleOfScope,
  widerShut,
} from '../breaker-words.ts'
import { BREAKER, loadBreaker } from '../search-params.ts'
import { tripAsked } from '../trip-words.ts'
import { ConfigureForm } from './configure-form.tsx'
import { Evidence } from './evidence.tsx'
import { HistoryPart } from './history-part.tsx'
import { OverrideForm } from './override-form.tsx'
import { ProcessesPart } from './processes-part.tsx'
import { SaidPart } from './said-part.tsx'
import { ScopeStrip } from './scope-strip.tsx'
import { BadCallsPart, TripsPart } from './trips-part.tsx'
import { WhatIfPart } from './what-if-part.tsx'
import { WindowPart } from './window-part.tsx'

export const metadata: Metadata = { title: 'Breaker · Tidemark' }

type Props = PageProps & { params: Promise<{ scope: string }> }

/** What is shut, by whom, what tripped it, and what if? */
async function BreakerPage({ params, searchParams }: Props) {
  const scope = scopeOfParam((await params).scope)
  const [at, asked] = await Promise.all([
    visit(`/breakers/${encodeURIComponent(scope)}`, searchParams, BREAKER),
    loadBreaker(searchParams),
  ])
  const who = { actor: at.actor, fleetId: at.fleet.id, scope }
  const [breakers, first] = await Promise.all([
    listBreakers(at.ctx, who),
    orNotFound(breakerDetail(at.ctx, { ...who, query: queryAt(asked.at) })),
  ])
  const trip = tripAsked(first, asked.at)
  // Without a moment in the address the page is about what shut it.
  const atMs = typeof asked.at === 'number' ? asked.at : (trip?.atMs ?? null)
  const detail =
    atMs === null || typeof asked.at === 'number'
      ? first
      : await breakerDetail(at.ctx, { ...who, query: queryAt(atMs) })
  const answer = await whatIf(at.ctx, { ...who, query: whatIfQueryOf(asked) })
  // The engine's is everybody's: a role in one fleet is none of its.
  const isEngine = detail.scope === ENGINE_SCOPE
  const role = isEngine ? (roleEverywhere(at.actor) ?? 'viewer') : at.fleet.role
  const held = holding(detail)
  const name = titleOfScope(detail.scope)
  const place = { fleetId: at.fleet.id, scope: detail.scope, name, version: detail.version }
  return (
    <ConsolePage
      at={at}
      crumbs={[{ label: 'Breakers', href: carryShared('/breakers', at.query) }, { label: name }]}
    >
      <ScopeStrip breakers={breakers} current={detail.scope} query={at.query} />
      <Verdict
        kind={kindOfBreaker(shownOf(breakers, detail))}
        sentence={breakerSentence(shownOf(breakers, detail), at.nowMs)}
        evidence={<Evidence detail={detail} breakers={breakers} query={at.query} nowMs={at.nowMs} />}
        actions={
          <>
            <LinkButton href="#history">History</LinkButton>
            {role === 'admin' ? <ConfigureForm {...place} settings={detail.settings} /> : null}
          </>
        }
      />
      <div className="cols br">
        <div>
          {atMs === null ? null : (
            <p className="sub">
              Around <Time at={atMs} now={at.nowMs} show="clock" />.{' '}
              <Link href={momentHref(at.path, at.query, null)} scroll={false}>
                Show the last two minutes
              </Link>
            </p>
          )}
          <WindowPart breaker={detail} trip={trip} atMs={atMs} nowMs={at.nowMs} />
          {trip === null ? null : <BadCallsPart trip={trip} query={at.query} nowMs={at.nowMs} />}
          <TripsPart breaker={detail} path={at.path} query={at.query} nowMs={at.nowMs} />
          <WhatIfPart
            breaker={detail}
            answer={answer}
            asked={asked}
            path={at.path}
            kept={keptOf(at.query)}
            nowMs={at.nowMs}
          />
          <HistoryPart history={detail.history} nowMs={at.nowMs} />
        </div>
        <div>
          <ProcessesPart breaker={detail} nowMs={at.nowMs} />
          <SaidPart
            breaker={detail}
            fleetId={at.fleet.id}
            actorId={at.actor.id}
            mayAct={role !== 'viewer'}
            shutToo={widerShut(breakers, detail.scope)}
            nowMs={at.nowMs}
          />
          <Section
            title={`Change it: ${plural(detail.affected.devices, 'device')}${detail.affected.isMore ? ' or more' : ''}, ${plural(detail.affected.requestsPerMinute, 'request')}/min`}
          >
            {role === 'viewer' ? (
              <p className="sub">
                <Status kind="unk">Operators only</Status>{' '}
                {isEngine
                  ? 'The engine is everybody’s: forcing and releasing it need operator in all fleets, configuring it admin.'
                  : 'Your role is viewer; forcing and releasing a breaker need operator, configuring it needs admin.'}
              </p>
            ) : (
              <OverrideForm
                {...place}
                affected={detail.affected}
                secondPersonFor={detail.secondPersonFor}
                held={held && `${FORCED_WORDS[held.kind].is} by ${held.by.name}`}
              />
            )}
          </Section>
        </div>
      </div>
    </ConsolePage>
  )
}

const queryAt = (at: number | 'now' | null): object =>
  typeof at === 'number' ? { at: new Date(at).toISOString() } : {}

const whatIfQueryOf = ({ threshold, minimum, window }: Awaited<ReturnType<typeof loadBreaker>>): object => ({
  ...(threshold !== null && { failureRateMax: threshold / 100 }),
  ...(minimum !== null && { callsMin: minimum }),
  ...(window !== null && { windowSeconds: window }),
})

/** The detail's processes are told one by one; the sentences are about their number. */
const shownOf = (breakers: readonly ShownBreaker[], { scope, ...detail }: BreakerDetail): ShownBreaker => {
  const listed = breakers.find((one) => one.scope === scope)
  const live = detail.processes.filter(({ standing }) => standing !== 'stale')
  const counts = {
    live: live.length,
    applied: live.filter(({ standing }) => standing === 'applied').length,
    notClosed: live.filter(({ state }) => state !== 'closed').length,
  }
  return { ...detail, scope, processes: listed?.processes ?? counts }
}

function keptOf(query: string): readonly (readonly [string, string])[] {
  return [...new URLSearchParams(query)].filter(([name]) =>
    ['fleet', 'at', 'range', 'from', 'to'].includes(name),
  )
}

export default keptPage(BreakerPage)
