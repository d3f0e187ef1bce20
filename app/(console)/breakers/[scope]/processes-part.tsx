import { formatCount, formatDuration } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status, type StatusKind } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BreakerDetail, ShownProcess } from '#lib/application/breakers/breaker-detail.ts'
import { appliedSentence, isDead } from '../breaker-words.ts'

const STANDINGS: Readonly<Record<ShownProcess['standing'], StatusKind>> = {
  applied: 'ok',
  behind: 'warn',
  stale: 'unk',
}

/** Which processes run what was said last, each by its own word. */
export function ProcessesPart({ breaker, nowMs }: { breaker: BreakerDetail; nowMs: number }) {
  const { processes, version } = breaker
  const slowestMs = Math.max(...processes.map(({ tookMs }) => tookMs ?? -1))
  return (
    <Section
      title={appliedSentence(breaker)}
      note={
        version === 0
          ? 'nobody said anything'
          : slowestMs < 0
            ? 'held from their start'
            : `slowest ${formatDuration(slowestMs)}`
      }
    >
      <table className="ack" aria-label="Processes">
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col">Holds</th>
            <th scope="col" className="num">
              Took
            </th>
            <th scope="col" className="num">
              Seen
            </th>
            <th scope="col" className="num">
              Shed, 60 s
            </th>
          </tr>
        </thead>
        <tbody>
          {processes.map((process) => (
            <tr key={process.id}>
              <td className="mono">{process.name}</td>
              <td>
                <Status kind={STANDINGS[process.standing]}>{standingWord(process, breaker)}</Status>
              </td>
              <td className="num">
                {process.tookMs === null ? <span className="den">–</span> : formatDuration(process.tookMs)}
              </td>
              <td className="num">
                <Time at={process.seenAtMs} now={nowMs} show="age" />
              </td>
              <td className="num">
                {process.calls + process.shed === 0 ? (
                  <span className="den">no traffic</span>
                ) : (
                  formatCount(process.shed)
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  )
}

function standingWord(
  process: ShownProcess,
  { processes, version }: Pick<BreakerDetail, 'processes' | 'version'>,
): string {
  const { standing, state } = process
  if (standing === 'stale') return isDead(process, processes) ? 'dead' : 'stale'
  if (standing === 'behind') return 'not yet'
  return version === 0 ? state.toUpperCase() : `v${version}`
}
