import { countText, durationText, percentText, pluralText, roundText } from '../format.ts'
import { between, bytesText, NOT_KNOWN } from './figure-words.ts'
import type { ScarInput, ScarPart, ScarRow, ScarSection } from './scar.ts'

/** R: what happens when something fails, and what did (DR10). Pure. */
export function resilience(input: ScarInput): ScarSection {
  const { evidence, limits } = input
  const { trips, letters } = evidence
  return {
    letter: 'R',
    title: 'Resilience',
    lead: `${pluralText(trips.count, 'breaker trip')}${trips.more ? ' or more' : ''}, ${pluralText(letters.open, 'open dead letter')}, ${evidence.duplicates === null ? 'repeats not known' : `${pluralText(evidence.duplicates, 'repeated change')} answered without effect`}.`,
    parts: [
      { title: 'As measured', rows: measuredRows(input) },
      {
        title: 'Circuit breaker',
        rows: [
          row(
            'Trips at',
            `${percentText(limits.failureRateMax)} failures or ${percentText(limits.slowRateMax)} slow calls`,
            `of ${countText(limits.callsMin)} calls or more in ${countText(limits.windowSeconds)} s; slow is over ${roundText(limits.slowMs)}`,
          ),
          row(
            'Stays open',
            `${roundText(limits.openMs)}, doubled up to ${roundText(limits.openMsMax)}`,
            'as configured',
          ),
          row('Closes after', `${pluralText(limits.probes, 'good probe')}`, 'as configured'),
        ],
      },
      {
        title: 'Retries and idempotency',
        rows: [
          row(
            'Backoff',
            `${roundText(limits.backoffBaseMs)} doubled up to ${roundText(limits.backoffCapMs)}, times 0.5 to 1.5 at random`,
            'as configured',
          ),
          row('Request ids', `the same answer again for ${roundText(limits.answersKeptMs)}`, 'as built'),
          row('Mutation ids', `one effect within ${roundText(limits.mutationIdsKeptMs)}`, 'as built'),
          row(
            'A push',
            `at most ${pluralText(limits.mutationsPerPushMax, 'change')} and ${bytesText(limits.bodyBytesMax)}`,
            'as built',
          ),
          row(
            'Dead letters',
            `at most ${countText(limits.lettersPerDeviceDayMax)} of a device a day`,
            `closed ones can be restored for ${roundText(limits.lettersKeptMs)}`,
          ),
        ],
      },
      thresholdPart(input),
    ],
  }
}

const row = (name: string, value: string, basis: string): ScarRow => ({ name, value, basis })

function measuredRows({ evidence, measured }: ScarInput): readonly ScarRow[] {
  const range = between(measured.fromMs, measured.toMs)
  const { trips, letters, incidents, settled, duplicates, pushed } = evidence
  const codes = evidence.deadLettersBy.map(({ code, count }) => `${code} ${countText(count)}`).join(', ')
  return [
    row(
      'Breaker trips',
      `${countText(trips.count)}${trips.more ? ' or more' : ''}`,
      `of the engine, the fleet, the collection and its authority, as each process saw them, ${range}`,
    ),
    row(
      'Recovery of a breaker',
      times(trips.p50Ms, trips.maxMs),
      `${countText(trips.recovered)} of ${countText(trips.count)} trips closed again, ${range}`,
    ),
    row(
      'Dead letters',
      `${countText(letters.open)} open, ${countText(letters.replayed)} replayed, ${countText(letters.discarded)} discarded`,
      `${letters.more ? 'the newest' : 'all'} of the collection that are kept`,
    ),
    row('Causes of dead letters', codes === '' ? 'none' : codes, `by code, ${range}`),
    row(
      'Repeated changes',
      duplicates === null ? NOT_KNOWN : countText(duplicates),
      pushed === null
        ? range
        : `answered without effect, beside ${pluralText(pushed, 'change')} that had one, ${range}`,
    ),
    row(
      'Time to resolve an incident',
      times(incidents.p50Ms, incidents.maxMs),
      `${pluralText(incidents.resolved, 'incident')}${incidents.more ? ' or more' : ''} of the fleet, ${range}`,
    ),
    row(
      'Time to decide a conflict',
      settled.p50Ms === null || settled.p95Ms === null
        ? NOT_KNOWN
        : `half within ${durationText(settled.p50Ms)}, 95 % within ${durationText(settled.p95Ms)}`,
      `${pluralText(settled.count, 'conflict')} of the fleet that people closed, ${range}`,
    ),
  ]
}

const times = (p50Ms: number | null, maxMs: number | null): string =>
  p50Ms === null || maxMs === null
    ? NOT_KNOWN
    : `half within ${durationText(p50Ms)}, at most ${durationText(maxMs)}`

function thresholdPart({ limits: { thresholds } }: ScarInput): ScarPart {
  const { lagWarnMs, lagCriticalMs, conflictWarn, conflictFriction, failureWarn, failureBreaker } = thresholds
  const basis = 'warns above, critical above'
  return {
    title: 'Thresholds',
    rows: [
      row('Sync lag', `${roundText(lagWarnMs)}, ${roundText(lagCriticalMs)}`, basis),
      row('Conflict rate', `${percentText(conflictWarn)}, ${percentText(conflictFriction)}`, basis),
      row('Failure rate', `${percentText(failureWarn)}, ${percentText(failureBreaker)}`, basis),
      row(
        'Queue of a device',
        `${countText(thresholds.queueWarn)}, ${countText(thresholds.queueCritical)} changes`,
        basis,
      ),
      row('Wait of a conflict', roundText(thresholds.conflictWaitMs), 'overdue above'),
    ],
  }
}
