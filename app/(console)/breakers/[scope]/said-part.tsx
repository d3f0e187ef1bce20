import { BreakerPicture } from '#components/charts/breaker-picture.tsx'
import { Countdown } from '#components/ui/countdown.tsx'
import { formatDuration, formatRound } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import type { ShownBreaker, ShownOverride } from '#lib/application/breakers/list-breakers.ts'
import { nameOfScope } from '#lib/application/breakers/scopes.ts'
import { FORCED_WORDS, holding, pictureWords, scheduled, titleOfScope, waiting } from '../breaker-words.ts'
import { HeldActs, WaitingActs } from './override-acts.tsx'

type Props = {
  breaker: BreakerDetail
  fleetId: string
  actorId: string
  mayAct: boolean
  shutToo: ShownBreaker | null
  nowMs: number
}

/** What holds it, what waits for somebody, and what comes of it. */
export function SaidPart({ breaker, fleetId, actorId, mayAct, shutToo, nowMs }: Props) {
  const { scope, state, overruledBy, affected, version } = breaker
  const [held, asked, later] = [holding(breaker), waiting(breaker), scheduled(breaker)]
  const place = { fleetId, scope, name: titleOfScope(scope), version, affected }
  return (
    <>
      {asked === null ? null : (
        <Section
          title={`${FORCED_WORDS[asked.kind].name} waits for a second person`}
          note={
            <>
              lapses in <Countdown until={asked.approval?.untilMs ?? nowMs} now={nowMs} over="a moment" />
            </>
          }
        >
          <Facts override={asked} nowMs={nowMs} />
          {asked.by.id === actorId ? (
            <p className="sub">You asked for it; somebody else has to agree.</p>
          ) : null}
          {mayAct ? (
            <WaitingActs
              {...place}
              id={asked.id}
              begins={beginsIn(asked, nowMs)}
              mayAgree={asked.by.id !== actorId}
            />
          ) : null}
        </Section>
      )}
      <Section
        title={
          overruledBy === null
            ? `${shutToo === null ? 'No wider scope overrules it' : `The ${nameOfScope(shutToo.scope)} keeps its devices out too`}${held ? '; it ends through a trial' : ''}`
            : `The ${nameOfScope(overruledBy)} overrules it`
        }
      >
        <BreakerPicture
          state={state}
          now={nowOf(breaker, held, nowMs)}
          says={pictureWords(breaker.settings)}
        />
        {held === null ? null : <Facts override={held} nowMs={nowMs} />}
        {held !== null && mayAct ? (
          <HeldActs {...place} id={held.id} twoToExtend={breaker.secondPersonFor.includes(held.kind)} />
        ) : null}
      </Section>
      {later === null ? null : (
        <Section title={`${FORCED_WORDS[later.kind].name} is to begin`}>
          <Facts override={later} nowMs={nowMs} />
          {mayAct ? (
            <WaitingActs {...place} id={later.id} begins={beginsIn(later, nowMs)} mayAgree={false} />
          ) : null}
        </Section>
      )}
    </>
  )
}

const beginsIn = ({ startsAtMs }: ShownOverride, nowMs: number): string =>
  startsAtMs > nowMs ? `begins in ${formatDuration(startsAtMs - nowMs)}` : 'takes effect at once'

function nowOf(
  { state, retryAfterMs, changes }: BreakerDetail,
  held: ShownOverride | null,
  nowMs: number,
): string {
  if (held)
    return `now, ${formatDuration(Math.max(0, nowMs - Math.max(held.startsAtMs, held.approval?.atMs ?? 0)))}`
  if (state === 'open')
    return retryAfterMs > 0 ? `now, ${formatDuration(retryAfterMs)} left` : 'now, waits for a call'
  const since = changes[0]?.atMs
  return since === undefined ? 'now' : `now, ${formatDuration(Math.max(0, nowMs - since))}`
}

function Facts({ override, nowMs }: { override: ShownOverride; nowMs: number }) {
  const { by, askedAtMs, approval, reason, startsAtMs, expiresAtMs, breakGlass, phase } = override
  return (
    <KeyValue
      align="start"
      items={[
        {
          key: 'By',
          value: (
            <>
              {by.name} <Time at={askedAtMs} now={nowMs} show="clock" />
              {approval?.by ? (
                <>
                  , approved {approval.by.name} <Time at={approval.atMs} now={nowMs} show="clock" />
                </>
              ) : null}
            </>
          ),
        },
        ...(breakGlass
          ? [{ key: 'Marked', value: <Status kind="warn">glass broken: no second person agreed</Status> }]
          : []),
        { key: 'Reason', value: reason },
        ...(phase === 'scheduled' || startsAtMs > askedAtMs
          ? [{ key: 'Starts', value: <Time at={startsAtMs} now={nowMs} show="clock" /> }]
          : []),
        {
          key: 'Ends',
          value: (
            <>
              <Time at={expiresAtMs} now={nowMs} show="clock" />, after{' '}
              {formatRound(expiresAtMs - startsAtMs)}
              {phase === 'active' ? (
                <>
                  {' '}
                  (in <Countdown until={expiresAtMs} now={nowMs} over="a moment" />)
                </>
              ) : null}
            </>
          ),
        },
      ]}
    />
  )
}
