import { describe, expect, it } from 'vitest'
import { alertHref, draftOn } from '../../../app/(console)/alerts/new-rule/begin.ts'
import { PILLARS } from '../../../app/(console)/pillars/search-params.ts'
import { conditionFields, fieldsOf, measureLabel } from '../../../app/(console)/alerts/rules/rule-fields.ts'
import { changed, draftOf, problemsOfDraft, ruleOf } from '../../../app/(console)/alerts/rules/rule-draft.ts'
import {
  conditionText,
  partsText,
  rulesEvidence,
  rulesSentence,
  stateOfRule,
} from '../../../app/(console)/alerts/rules/rule-words.ts'
import type { RuleView } from '#lib/application/alerts/list-rules.ts'
import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import { MEASURE_NAMES, measureOf } from '#lib/telemetry/alerts/measures.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'

const shipped = (name: string): AlertRule => {
  const rule = DEFAULT_RULES.find((one) => one.name === name)
  if (!rule) throw new Error(`no rule ${name}`)
  return rule
}
const view = (name: string, changes: Partial<RuleView> = {}): RuleView => ({
  rule: shipped(name),
  origin: 'shipped',
  version: 0,
  changed: null,
  parts: [],
  lastFiredMs: null,
  runbook: '',
  ...changes,
})
const part = (status: RuleView['parts'][number]['status'], collection = 'orders') => ({
  group: { collection },
  status,
  sinceMs: 0,
})

describe('a rule in its fields', () => {
  it.each(DEFAULT_RULES.map((rule) => [rule.name, rule] as const))(
    '%s comes back as it was',
    (name, rule) => {
      const draft = draftOf(rule)
      expect(ruleOf(draft, name)).toEqual(rule)
      expect(problemsOfDraft(draft, name)).toEqual({})
    },
  )

  it('a new one lacks only its title', () => {
    expect(problemsOfDraft(draftOf(null), 'mine')).toEqual({ '/title': 'must be said' })
  })

  it('the kind of condition and the measure decide the fields', () => {
    const labels = (draft: Parameters<typeof conditionFields>[0]) =>
      conditionFields(draft).map(({ path }) => path.replace('/condition/', ''))
    expect(labels(draftOf(shipped('session-failures')))).toEqual([
      'windowMs',
      'minTraffic',
      'minPart',
      'clear',
    ])
    expect(labels(draftOf(shipped('dead-letters-growing')))).toEqual([
      'value',
      'windowMs',
      'perActivity/factor',
      'clear',
    ])
    expect(labels(draftOf(shipped('breaker-open')))).toEqual([])
    expect(fieldsOf(draftOf(shipped('request-failures-fast')))).toHaveLength(3 + 6 + 2)
  })

  it('another measure takes no bound of another unit along, nor a grouping that it is not known of', () => {
    const version = draftOf(shipped('version-dead-letters'))
    const skewed = changed(version, '/condition/measure', 'clockSkew')
    expect([skewed['/condition/value'], skewed['/groupBy']]).toEqual(['', 'version'])
    expect(problemsOfDraft(skewed, 'x')['/condition/value']).toBe('must be a number')
    expect(changed(version, '/condition/measure', 'foldLag')['/groupBy']).toBe('fleet')
    expect(changed(version, '/condition/measure', 'conflictRate')['/condition/value']).toBe('20')
    const burning = changed(draftOf(shipped('clock-skew')), '/condition/kind', 'burn_rate')
    expect(burning['/condition/measure']).toBe('requestFailures')
  })

  it.each(PILLARS)('an alert on %s begins with its figure and its limit, and is whole', (pillar) => {
    const draft = draftOn(pillar, 'fleet')
    expect(problemsOfDraft(draft, 'mine')).toEqual({})
    expect(ruleOf(draft, 'mine').condition).toMatchObject({ value: { limit: expect.any(String) as string } })
  })

  it('an alert on one collection or version looks at each by itself, where its figure is known so', () => {
    expect(draftOn('conflicts', 'collection')['/groupBy']).toBe('collection')
    expect(draftOn('failures', 'collection')['/groupBy']).toBe('fleet')
    const query = 'fleet=f&range=1h&by=platform&collection=orders'
    expect(alertHref('conflicts', query, { collection: 'orders', version: null })).toBe(
      '/alerts/new-rule?fleet=f&range=1h&on=conflicts&by=collection',
    )
    expect(alertHref('queue', 'fleet=f', { collection: null, version: null })).toBe(
      '/alerts/new-rule?fleet=f&on=queue',
    )
  })

  it('a rule that can never fire says so at its field, with the reason', () => {
    const fast = draftOf(shipped('request-failures-fast'))
    expect(
      problemsOfDraft(changed(fast, '/condition/target', '90'), 'x')['/condition/windows/0/factor'],
    ).toMatch(/^can never fire: 14\.4 x \(1 - 0\.9\) is 1\.44/)
    const share = changed(draftOf(shipped('version-dead-letters')), '/condition/value', '100')
    expect(problemsOfDraft(share, 'x')['/condition/value']).toMatch(/^can never fire/)
  })

  it('a time that is too long is told in the words of its field', () => {
    const long = changed(draftOf(shipped('clock-skew')), '/forMs', '9999')
    expect(problemsOfDraft(long, 'x')['/forMs']).toBe('must be from 0 to 1 d')
  })
})

describe('rules in words', () => {
  it.each([
    ['session-failures', 'over 5 % (threshold “Failure rate, critical”) of sessions failed in 30 min'],
    [
      'request-failures-fast',
      'share of requests failed: over 14.4 % in 1 h and in 5 min, or over 6 % in 6 h and in 30 min (14.4× and 6× the 1 % that may)',
    ],
    ['dead-letters-growing', 'more than 5 dead letters new in 10 min, and more than 1 % of changes'],
    ['clock-skew', 'distance of the farthest device clock from ours over 10 min'],
    ['breaker-open', 'the breaker is open'],
    ['override-ending', 'time until the override ends under 15 min'],
    [
      'no-requests',
      'no requests in 15 min, after 200 or more in the 1 h before, with 5 devices or more still there',
    ],
    ['changes-drop', 'changes in 1 h under 30 % of the same time in past weeks, and 4 deviations off'],
  ])('%s: %s', (name, text) => {
    expect(conditionText(shipped(name).condition, DEFAULT_THRESHOLDS)).toBe(text)
  })

  it('each measure has a name of its own', () => {
    const labels = MEASURE_NAMES.map((name) => measureLabel(measureOf(name)))
    expect(new Set(labels).size).toBe(MEASURE_NAMES.length)
    expect(labels[0]).toBe('Share of requests failed')
  })

  it('the worst part says how a rule stands; one that is off says that', () => {
    const parts = [part('pending'), part('firing', 'photos'), part('no_data')]
    expect(stateOfRule(view('conflicts-many', { parts }))).toEqual({
      kind: 'warn',
      word: 'fires',
      parts: [parts[1]],
    })
    expect(stateOfRule(view('conflicts-many')).word).toBe('well')
    expect(
      stateOfRule(view('clock-skew', { rule: { ...shipped('clock-skew'), enabled: false }, parts })).word,
    ).toBe('off')
    expect(partsText(['a', 'b', 'c', 'd'].map((name) => part('firing', name)))).toBe(
      'collection a, collection b and 2 more',
    )
    expect(partsText([{ group: {} }, { group: { scope: 'engine' } }])).toBe('the fleet, breaker engine')
  })

  it('the sentence counts those that are on; of a search it speaks of what was found', () => {
    const off = view('clock-skew', { rule: { ...shipped('clock-skew'), enabled: false } })
    const all = [view('conflicts-many', { parts: [part('firing')] }), view('breaker-open'), off]
    expect(rulesSentence(all, '')).toBe('2 rules watch this fleet; 1 fires')
    expect(rulesEvidence([...all, view('clock-skew', { origin: 'own' })])).toBe(
      'Each is looked at every 15 s. 3 as shipped, 1 of this fleet’s own, 1 off.',
    )
    expect(rulesSentence([off], 'is:off')).toBe('1 rule matches “is:off”')
  })
})
