import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import {
  episodesByPart,
  previewNotes,
  previewSentence,
  steadyBound,
  stretchesOf,
} from '../../../app/(console)/alerts/rules/preview-words.ts'
import { RulePreviewPart } from '../../../app/(console)/alerts/rules/rule-preview.tsx'
import type { RulePreview } from '#lib/application/alerts/preview-rule.ts'
import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const TO_MS = Date.UTC(2026, 10, 24)

type Past = NonNullable<RulePreview['past']>
const past = (changes: Partial<Past> = {}): Past => ({
  fired: 0,
  firingMs: 0,
  episodes: [],
  points: [
    { atMs: TO_MS - 2 * HOUR_MS, value: 0.01, bound: 0.2 },
    { atMs: TO_MS - HOUR_MS, value: null, bound: 0.2 },
  ],
  pointsOf: {},
  partsLeftOut: 0,
  ...changes,
})
const preview = (changes: Partial<RulePreview> = {}): RulePreview => ({
  fromMs: TO_MS - 30 * DAY_MS,
  toMs: TO_MS,
  stepMs: 300_000,
  past: past(),
  tests: [],
  ...changes,
})
const episode = (appVersion: string, hoursAgo: number, isOver = true) => ({
  group: { appVersion },
  firedAtMs: TO_MS - hoursAgo * HOUR_MS,
  endedAtMs: isOver ? TO_MS - (hoursAgo - 1) * HOUR_MS : null,
  peak: 0.5,
})
const FIRED = past({
  fired: 3,
  firingMs: 3 * HOUR_MS,
  episodes: [episode('2.4.0', 20), episode('2.4.1', 10), episode('2.4.1', 1, false)],
  pointsOf: { appVersion: '2.4.1' },
  partsLeftOut: 2,
})

describe('what a rule would have done, in words', () => {
  it('how often and for how long; never is said, and so is what is not known', () => {
    expect(previewSentence(preview({ past: FIRED }))).toBe(
      'In the last 30 days it would have fired 3 times, for 3 h in all',
    )
    expect(previewSentence(preview({ past: past({ fired: 1, firingMs: 120_000 }) }))).toMatch(
      /fired once, for 2 min in all$/,
    )
    expect(previewSentence(preview())).toBe('In the last 30 days it would not have fired')
    expect(previewSentence(preview({ past: past({ points: [] }) }))).toMatch(/is not known$/)
    expect(previewSentence(preview({ past: null }))).toMatch(/^The past of this figure is not kept/)
  })

  it('for which part, most first; what is left out is said', () => {
    expect(episodesByPart(FIRED)).toBe('2 times for version 2.4.1, once for version 2.4.0')
    expect(episodesByPart(past({ episodes: [{ ...episode('x', 2), group: {} }] }))).toBeNull()
    expect(previewNotes(preview({ past: FIRED }))).toEqual([
      'Replayed in steps of 5 min: what comes and goes within one is left out.',
      'The chart is of version 2.4.1.',
      'The busiest parts were replayed; 2 others left out.',
    ])
  })

  it('a bound that moves is a line, one that stands a limit; only what its part fired is shaded', () => {
    expect(steadyBound(past().points)).toBe(0.2)
    const moving = past({ points: [...past().points, { atMs: TO_MS, value: 1, bound: 0.3 }] })
    expect(steadyBound(moving.points)).toBeNull()
    expect(stretchesOf(FIRED, TO_MS)).toEqual([
      { fromMs: TO_MS - 10 * HOUR_MS, toMs: TO_MS - 9 * HOUR_MS },
      { fromMs: TO_MS - HOUR_MS, toMs: TO_MS },
    ])
  })

  it('the picture has the figure, its bound and the shaded stretches, and says when the rule was changed since', () => {
    const rule = DEFAULT_RULES.find(({ name }) => name === 'version-dead-letters')
    const looked = {
      preview: preview({ past: FIRED }),
      asked: JSON.stringify({ rule, days: 30 }),
      atMs: TO_MS,
    }
    const state = { sinceMs: null, failure: null, looked }
    const html = renderToStaticMarkup(<RulePreviewPart state={state} isCurrent={false} />)
    expect(html.match(/class="stretch"/g)).toHaveLength(2)
    expect(html).toContain('preview it again')
    expect(html).toContain('20 %')
    expect(html).toContain('<td class="num">still</td>')
    expect(renderToStaticMarkup(<RulePreviewPart state={state} isCurrent />)).not.toContain(
      'preview it again',
    )
  })
})
