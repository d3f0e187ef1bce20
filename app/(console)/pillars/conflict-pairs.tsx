import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, formatPercent } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { conflictPairs } from '#lib/application/conflicts/list-conflicts.ts'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { isAmong } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import { UNKNOWN_VERSION } from '#lib/query/conflict-words.ts'
import { conflictsHref } from '../conflicts/conflict-links.ts'
import { pairWords } from '../conflicts/desk-words.ts'
import type { Visit } from '../viewer.ts'
import { noRateWords, pairRates, pairsLeftOut, worstPair, type PairRate } from './pair-rates.ts'
import type { PillarParams } from './search-params.ts'

/** Which app versions meet each other, and how often for what they push. */
export async function ConflictPairs({ at, asked }: { at: Visit; asked: PillarParams }) {
  const { fromMs, toMs } = at.span
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const range = { from: String(fromMs), to: String(toMs) }
  const { collection, version } = asked
  const part = [
    ...(collection === null ? [] : [isAmong<ConflictKey>('collection', collection)]),
    ...(version === null ? [] : [isAmong<ConflictKey>('version', version)]),
  ]
  const [found, pillar] = await Promise.all([
    conflictPairs(at.ctx, { ...who, query: { q: formatFilter(part), ...range } }),
    conflicts(at.ctx, {
      fleetId: at.fleet.id,
      fromMs,
      toMs,
      groupBy: 'appVersion',
      ...(collection === null ? {} : { collection }),
    }),
  ])
  const pushedBy = new Map(pillar.groups.map(({ key, figure }) => [key, figure.mutations.whole]))
  const rates = pairRates(found, pushedBy)
  const leftOut = pairsLeftOut(found)
  const hrefOf = ({ appVersion, remoteAppVersion }: PairRate): string =>
    conflictsHref(at.query, [
      ...part.filter((one) => one.kind === 'words' || one.key !== 'version'),
      isAmong('version', appVersion === '' ? UNKNOWN_VERSION : appVersion),
      isAmong('against', remoteAppVersion ?? UNKNOWN_VERSION),
      isAmong('status', 'open', 'resolved'),
    ])
  return (
    <Section
      title={worstPair(rates, formatPercent) ?? 'Which app versions meet each other'}
      note="the device’s app version against that of whoever had written what it met"
    >
      {asked.platform === null ? null : (
        <p className="sub">Conflicts are not told by platform: these are of all platforms.</p>
      )}
      {leftOut === null ? null : <p className="sub">{leftOut}</p>}
      <DataTable
        label="Conflicts by pair of app versions"
        columns={[
          { key: 'pair', header: 'App versions', cell: pairWords },
          {
            key: 'count',
            header: 'Conflicts',
            align: 'end',
            cell: ({ count }) => <b>{formatCount(count)}</b>,
          },
          {
            key: 'rate',
            header: 'Of pushed changes',
            align: 'end',
            cell: ({ rate, pushed, appVersion }) =>
              rate === null ? (
                <span className="den">{noRateWords({ pushed, appVersion }, found.capped)}</span>
              ) : (
                <>
                  {formatPercent(rate)} <span className="den">of {formatCount(pushed)}</span>
                </>
              ),
          },
          {
            key: 'share',
            header: 'Of conflicts',
            align: 'end',
            hideOnPhone: true,
            cell: ({ count }) => <span className="den">{formatPercent(count / found.conflicts)}</span>,
          },
        ]}
        rows={rates}
        rowKey={pairWords}
        rowHref={hrefOf}
        empty={<EmptyState good word="None" title="No conflict in this time" />}
      />
    </Section>
  )
}
