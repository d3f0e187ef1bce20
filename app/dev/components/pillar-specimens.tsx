'use client'
import { PillarCard, Pillars, PillarSkeleton } from '#components/charts/pillar-card.tsx'
import { TimeChart } from '#components/charts/time-chart.tsx'
import { Link } from '#components/ui/link.tsx'
import { DAY, LAG_MARKS, wave, withGap } from './chart-data.ts'
import { LONG_WORDS, MINUTE_MS, type Specimen } from './specimen.ts'

const lag = (
  <TimeChart
    {...DAY}
    format="duration"
    names={{ subject: 'upload lag p95', past: 'yesterday' }}
    label="Upload lag over a day"
    points={withGap(wave(2 * MINUTE_MS, 4 * MINUTE_MS), 58, 61)}
    past={wave(2 * MINUTE_MS, 4 * MINUTE_MS, 0.4)}
    thresholds={[{ value: 5 * MINUTE_MS, word: 'warn 5 min', tone: 'warn' }]}
    marks={LAG_MARKS}
    markLetters
  />
)
const rate = (
  <TimeChart
    {...DAY}
    format="percent"
    names={{ subject: 'failure rate' }}
    label="Failure rate over a day"
    points={withGap(wave(0.003, 0.005), 70, 112)}
    thresholds={[{ value: 0.01, word: 'warn 1 %', tone: 'warn' }]}
    gapWord="too few calls"
  />
)

export const PILLAR_SPECIMENS: readonly Specimen[] = [
  {
    files: ['charts/pillar-card'],
    states: [
      {
        name: 'hover (point at the line), stale, too few, loading',
        wide: true,
        show: () => (
          <Pillars>
            <PillarCard
              caption="Sync lag"
              name={<Link href="#">Sync lag</Link>}
              status={{ kind: 'ok', word: 'Within target' }}
              figure={{ value: '4 min 12 s' }}
              sentence="upload lag p95, target under 5 min"
              evidence={['31,204 changes committed in 60 min', 'crosshair shared by every chart of the page']}
              chart={lag}
            />
            <PillarCard
              stale
              caption="Sync lag, stale"
              status={{ kind: 'unk', word: 'Reconnecting' }}
              figure={{ value: '4 min 08 s' }}
              sentence="was the upload lag p95 6 min 20 s ago"
              evidence={[
                'Live stream lost at 14:25:48 · retry in 8 s, 4th try',
                'the last figure stays, dotted',
              ]}
              chart={lag}
              note={{ kind: 'unk', text: 'Older than 60 s: grey and dotted. Never blank, never zero.' }}
            />
            <PillarCard
              caption="Failure rate"
              status={{ kind: 'unk', word: 'Not enough traffic' }}
              figure={{ value: '2 of 9', unsure: true }}
              sentence="requests failed; a rate needs 20"
              evidence={[
                '2.3.9 on Android in the last 60 s · 11 s ago',
                'no percentage and no verdict under 20 calls',
              ]}
              chart={rate}
            />
            <PillarSkeleton caption="Queue depth" />
          </Pillars>
        ),
      },
      {
        name: 'long text, critical; not known',
        wide: true,
        show: () => (
          <Pillars>
            <PillarCard
              caption="Conflict rate"
              status={{ kind: 'crit', word: 'Over 5 %' }}
              figure={{ value: '12.4', unit: '%' }}
              sentence={LONG_WORDS}
              evidence={[LONG_WORDS, '9.1 times this time yesterday']}
              chart={rate}
              note={{ kind: 'warn', text: LONG_WORDS }}
            />
            <PillarCard
              caption="Queue depth"
              status={{ kind: 'unk', word: 'Not known' }}
              figure={{ value: 'not known', unsure: true }}
              sentence="no device has reported in 60 min"
              evidence={['0 of 12,480 devices']}
              chart={null}
            />
          </Pillars>
        ),
      },
    ],
  },
]
