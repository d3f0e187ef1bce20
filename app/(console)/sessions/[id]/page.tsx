import type { Metadata } from 'next'
import { SessionLanes } from '#components/charts/session-timeline.tsx'
import { LinkButton } from '#components/ui/button.tsx'
import { capitalised, formatCount, formatDuration, shortId } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { getSession } from '#lib/application/sessions/get-session.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import type { ItemProps } from '../../search-params.ts'
import { itemId, orNotFound, visit } from '../../viewer.ts'
import { ownSegmentsOf } from '../session-segments.ts'
import { sessionVerdict } from '../session-words.ts'
import { ToldLogs } from '../told-logs.tsx'
import { SessionConflicts } from './session-conflicts.tsx'
import { SessionFacts } from './session-facts.tsx'
import { SessionMutations } from './session-mutations.tsx'
import { SessionAttempts, SessionTransitions } from './session-steps.tsx'

export const metadata: Metadata = { title: 'Session · Tidemark' }

/** One session as a timeline. */
async function SessionPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/sessions/${id}`, searchParams)
  const detail = await orNotFound(getSession(at.ctx, { actor: at.actor, fleetId: at.fleet.id, id }))
  const { session } = detail
  const { kind, sentence, evidence } = sessionVerdict(session)
  const segments = ownSegmentsOf(session)
  // What another engine doesn't tell is not reported, which is no zero.
  const isForeign = session.source !== undefined
  const hasRequests = !isForeign || session.attempts.length > 0
  const hasSteps = !isForeign || session.transitions.length > 0
  return (
    <ConsolePage
      at={at}
      crumbs={[
        { label: 'Sessions', href: carryShared('/sessions', at.query) },
        { label: shortId(session.sessionId), mono: true },
      ]}
    >
      <Verdict
        kind={kind}
        sentence={sentence}
        evidence={evidence}
        facts={[
          { value: <Time at={session.startedAtMs} now={at.nowMs} show="moment" />, of: 'started' },
          ...(hasSteps ? [{ value: formatCount(session.transitions.length), of: 'transitions' }] : []),
          ...(hasRequests
            ? [
                {
                  value: formatCount(session.attempts.length),
                  of: session.attempts.length === 1 ? 'request' : 'requests',
                },
              ]
            : []),
          ...(isForeign ? [] : [{ value: formatDuration(session.offsetMs), of: 'clock correction' }]),
        ]}
        actions={
          <LinkButton tone="primary" href={carryShared(`/devices/${session.deviceId}`, at.query)}>
            Open this device
          </LinkButton>
        }
      />
      <div className="cols">
        <div>
          {segments.length === 0 ? null : (
            <Section title="Where its time went" note="a lane for each state; times by the server’s clock">
              <SessionLanes
                segments={segments}
                fromMs={session.startedAtMs}
                toMs={Math.max(session.endedAtMs, session.startedAtMs + 1)}
                label="States of the session over time"
              />
            </Section>
          )}
          {isForeign ? (
            <NotReported source={session.source ?? ''} hasRequests={hasRequests} hasSteps={hasSteps} />
          ) : (
            <>
              <SessionMutations detail={detail} query={at.query} nowMs={at.nowMs} />
              <SessionConflicts query={at.query} conflicts={detail.conflicts} nowMs={at.nowMs} />
            </>
          )}
          {isForeign ? <ToldLogs logs={detail.logs} source={session.source ?? ''} nowMs={at.nowMs} /> : null}
          {hasRequests ? <SessionAttempts session={session} nowMs={at.nowMs} /> : null}
          {hasSteps ? <SessionTransitions session={session} nowMs={at.nowMs} /> : null}
        </div>
        <div>
          <SessionFacts session={session} query={at.query} nowMs={at.nowMs} />
        </div>
      </div>
    </ConsolePage>
  )
}

function NotReported({
  source,
  hasRequests,
  hasSteps,
}: {
  source: string
  hasRequests: boolean
  hasSteps: boolean
}) {
  const missing = [
    'what became of each change',
    ...(hasRequests ? [] : ['its requests']),
    ...(hasSteps ? [] : ['its states']),
  ]
  return (
    <Section title={`${capitalised(missing.join(', '))} ${missing.length === 1 ? 'is' : 'are'} not reported`}>
      <p className="sub">{source} told how it began and ended, and the figures above.</p>
    </Section>
  )
}

export default keptPage(SessionPage)
