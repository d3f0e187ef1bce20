import { describe, expect, test } from 'vitest'
import { readEdit } from '#app/(console)/operations/new/edit-text.ts'
import { membersHref, newOperationHref } from '#app/(console)/operations/operation-links.ts'
import {
  besideDryRun,
  byOutcome,
  dryRunSentence,
  durationAt,
  leftOutWords,
  listSentence,
  operationSentence,
  pausedWords,
  OUTCOME_WORDS,
  previewSentence,
  stageWords,
} from '#app/(console)/operations/operation-words.ts'
import { ITEM_OUTCOMES } from '#lib/engine/operation-machine.ts'
import type { OperationView } from '#lib/application/operations/operation-view.ts'
import type { Preview } from '#lib/application/operations/preview-operation.ts'

const ID = '01939f6e-2b1c-7abc-8def-0123456789ab'
const count = (outcome: Preview['counts'][number]['outcome'], n: number, code: string | null = null) => ({
  outcome,
  code,
  count: n,
})
const preview = (parts: Partial<Preview>): Preview => ({
  matched: 1_284,
  total: 1_284,
  looked: 1_284,
  counts: [count('applied', 1_226), count('merged', 41), count('conflict', 9), count('still_dead', 8)],
  items: [],
  assumesAuthority: false,
  ...parts,
})
const view = (parts: Partial<OperationView>): OperationView =>
  ({
    kind: 'replay',
    state: 'running',
    total: 1_284,
    matched: 1_284,
    done: 10,
    skipped: 1,
    errored: 0,
    pending: 1_273,
    pause: null,
    stage: 3,
    stageEndsAt: 111,
    ...parts,
  }) as OperationView

describe('a dry run', () => {
  test('says how many would be settled, of all that it would take', () => {
    expect(previewSentence('replay', preview({}))).toBe('It would settle 1,267 of 1,284')
    const all = { counts: [count('discarded', 1_284)] }
    expect(previewSentence('discard', preview(all))).toBe('It would discard all 1,284 letters')
    expect(previewSentence('edit', preview({ matched: 0, total: 0 }))).toBe('The filter takes no dead letter')
    const part = { total: 48_213, looked: 20_000, counts: [count('applied', 20_000)] }
    expect(previewSentence('replay', preview(part))).toBe(
      'It would settle 20,000 of the first 20,000 of more than that',
    )
  })
  test('[DL10] says of poisoned ones that they are left out', () => {
    expect([1, 1_200].map(leftOutWords)).toEqual([
      'One that matches is left out: it is poisoned, as it died at one replay after the other.',
      '1,200 that match are left out: they are poisoned, as each died at one replay after the other.',
    ])
  })
  test('an outcome is one row, most letters first, with its codes', () => {
    const counts = [
      count('still_dead', 3, 'schema_mismatch'),
      count('applied', 4),
      count('still_dead', 2, 'too_large'),
    ]
    expect(byOutcome(counts)).toEqual([
      { outcome: 'still_dead', count: 5, codes: ['schema_mismatch', 'too_large'] },
      { outcome: 'applied', count: 4, codes: [] },
    ])
    for (const outcome of ITEM_OUTCOMES) expect(OUTCOME_WORDS[outcome].words, outcome).not.toBe('')
  })
  test('its time is said with its rate', () => {
    expect(durationAt(1_284, 20)).toBe('at least 1 min 05 s at 20 a second')
  })
})

describe('an operation', () => {
  test('each state has its sentence, with what is settled of all', () => {
    const say = (parts: Partial<OperationView>) => operationSentence(view(parts))
    expect(say({ state: 'draft' })).toBe('Replay of 1,284 letters has not started')
    expect(say({})).toBe('Replay is running: 11 of 1,284 letters')
    const pause = { by: 'failures', detail: '3 of 30 letters failed', atMs: 0 } as const
    const byHand = { by: 'person', detail: 'lunch', atMs: 0 } as const
    expect(say({ state: 'paused', pause })).toBe(
      'Replay paused itself at 11 of 1,284 letters: 3 of 30 letters failed',
    )
    expect(say({ state: 'paused', pause: byHand })).toBe(
      'Replay is paused by a person at 11 of 1,284 letters',
    )
    // Each reason is said once on the page.
    expect([pausedWords({ pause }), pausedWords({ pause: byHand }), pausedWords({ pause: null })]).toEqual([
      null,
      'Paused: “lunch”.',
      null,
    ])
    expect(say({ state: 'cancelled', errored: 2 })).toBe('Replay was cancelled after 12 of 1,284 letters')
    expect(say({ state: 'completed', skipped: 0, done: 1_284 })).toBe('Replay is done: all 1,284 letters')
    expect(say({ state: 'completed', errored: 8 })).toBe('Replay is done; 8 letters of 1,284 failed')
    expect(say({ state: 'completed', kind: 'discard' })).toBe(
      'Discard is done; 1 letter of 1,284 was passed over',
    )
    expect(say({ state: 'failed' })).toBe('Replay failed at 11 of 1,284 letters')
    expect(say({ state: 'cancelling' })).toBe('Replay is being cancelled at 11 of 1,284 letters')
  })
  test('its stage says where it ends', () => {
    expect(stageWords(view({}))).toBe('stage 3: up to 111 of 1,284')
    expect(stageWords(view({ stage: 4, stageEndsAt: null }))).toBe('stage 4: the rest, up to 1,284')
  })
  test('a list says first what waits for a person', () => {
    const running = { state: 'running', pause: null } as const
    const halted = { state: 'paused', pause: { by: 'breaker', detail: '', atMs: 0 } } as const
    expect(listSentence([], false)).toBe('No bulk action was made yet')
    expect(listSentence([running, halted], false)).toBe('1 bulk action paused itself and waits for a person')
    expect(listSentence([running, running], false)).toBe('2 bulk actions are running')
    expect(listSentence([{ state: 'completed', pause: null }], false)).toBe('No bulk action is running')
  })
})

test('[CS11] an operation over conflicts speaks of conflicts, and one of a newer release by its own word', () => {
  const ruled = (parts: Partial<OperationView>) => operationSentence(view({ kind: 'resolve', ...parts }))
  expect(ruled({})).toBe('Decision by a rule is running: 11 of 1,284 conflicts')
  expect(ruled({ state: 'completed', skipped: 2 })).toBe(
    'Decision by a rule is done; 2 conflicts of 1,284 were passed over',
  )
  const unknown = view({ kind: 'weigh' as OperationView['kind'] })
  expect(operationSentence(unknown)).toBe('Operation “weigh” is running: 11 of 1,284 letters')
})

describe('addresses', () => {
  test('a bulk action is about a filter, or about letters by their ids', () => {
    const query = 'fleet=f1&q=old&cursor=c&range=1h'
    expect(newOperationHref(query, 'replay', { q: 'code:too_large' })).toBe(
      '/operations/new?fleet=f1&range=1h&kind=replay&q=code%3Atoo_large',
    )
    expect(newOperationHref('', 'discard', { letters: [ID, ID] })).toBe(
      `/operations/new?kind=discard&letters=${ID}%2C${ID}`,
    )
  })
  test('failures are a filter of letters, of whatever status', () => {
    const href = membersHref('fleet=f1', 'replay', 'failed', ID)
    expect(new URLSearchParams(href.split('?')[1]).get('q')).toBe(
      `failed:${ID} status:open,replayed,discarded`,
    )
  })
  test('[CS11] of a decision by a rule they are a filter of conflicts', () => {
    const href = membersHref('fleet=f1&q=old', 'resolve', 'skipped', ID)
    expect(href).toMatch(/^\/conflicts\?fleet=f1&q=/)
    expect(new URLSearchParams(href.split('?')[1]).get('q')).toBe(`skipped:${ID} status:open,resolved`)
  })
})

test('an edit is read as it is typed, and what is not one yet is said', () => {
  const patch = [{ op: 'replace', path: '/a', value: null }]
  const read = (text: string) => readEdit({ by: 'patch', patch: text, from: '' })
  expect(read(JSON.stringify(patch))).toEqual({ ok: true, value: { patch } })
  expect([read('['), read('{}'), read('[]')].map(({ ok }) => ok)).toEqual([false, false, false])
  const from = (text: string) => readEdit({ by: 'up-migration', patch: '', from: text })
  expect([from('2'), from('0'), from('x'), from('')].map(({ ok }) => ok)).toEqual([true, false, false, false])
})

describe('a dry run beside what became', () => {
  const foretold = [count('applied', 1_226), count('merged', 41), count('conflict', 17)]

  test('has each outcome once, of either of them', () => {
    const became = [count('applied', 1_220), count('merged', 41), count('still_dead', 23, 'rule_violation')]
    expect(besideDryRun(foretold, became)).toEqual([
      { outcome: 'applied', foretold: 1_226, became: 1_220 },
      { outcome: 'merged', foretold: 41, became: 41 },
      { outcome: 'still_dead', foretold: 0, became: 23 },
      { outcome: 'conflict', foretold: 17, became: 0 },
    ])
  })

  test('says whether it came out so, of a completed one alone, and of one that was looked at whole', () => {
    const done = view({ state: 'completed' })
    expect(dryRunSentence(done, 1_284, besideDryRun(foretold, foretold))).toBe(
      'It came out as the dry run had said',
    )
    const became = [count('applied', 1_220), count('merged', 41), count('still_dead', 23)]
    expect(dryRunSentence(done, 1_284, besideDryRun(foretold, became))).toBe(
      'At least 23 of 1,284 letters came out otherwise than the dry run had said',
    )
    expect(dryRunSentence(done, 1_000, besideDryRun(foretold, became))).toBe(
      'What the dry run said of the first 1,000, and what became of all',
    )
    for (const state of ['running', 'cancelled'] as const)
      expect(dryRunSentence(view({ state }), 1_284, besideDryRun(foretold, []))).toBe(
        'What the dry run said, and what became of them so far',
      )
  })
})
