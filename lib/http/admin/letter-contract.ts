import { discardInput } from '#lib/application/dead-letters/discard.ts'
import { editInput } from '#lib/application/dead-letters/edit.ts'
import { deadLettersQuery, letterFacetsQuery } from '#lib/application/dead-letters/list-dead-letters.ts'
import { purgeInput } from '#lib/application/dead-letters/purge-letters.ts'
import { replayInput } from '#lib/application/dead-letters/replay.ts'
import { restoreInput } from '#lib/application/dead-letters/restore.ts'
import { revealInput } from '#lib/application/dead-letters/reveal.ts'
import { changeGroupInput } from '#lib/application/letter-groups/change-group.ts'
import { groupsQuery } from '#lib/application/letter-groups/list-groups.ts'
import { mergeInput, unmergeInput } from '#lib/application/letter-groups/merge-groups.ts'
import { rejoinInput, splitInput } from '#lib/application/letter-groups/split-group.ts'
import { foretellInput } from '#lib/application/operations/foretell-letter.ts'
import { facetCounts, listOf } from './contract-answers.ts'
import * as letters from './letter-answers.ts'
import { exportFormat } from './export.ts'
import type { AdminOperation } from './operation.ts'
import { wholeQuery } from './whole-list.ts'

const letterRuns = ['not_replayable', 'request_id_reused'] as const

/** By `METHOD pattern` of the route table. */
export const LETTER_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /dead-letters': {
    summary: 'Dead letters, newest first',
    query: deadLettersQuery,
    answer: listOf(letters.letterAnswer),
  },
  'GET /dead-letters/facets': {
    summary: 'How many dead letters match, and how many have each value of some keys',
    query: letterFacetsQuery,
    answer: facetCounts,
  },
  'GET /dead-letters/export': {
    summary: 'The dead letters of a filter as a file',
    query: letterFacetsQuery.extend({ format: exportFormat.optional() }),
    answer: 'file',
  },
  'GET /dead-letters/groups': {
    summary: 'Groups by cause, most letters first: of those that are open, or of the filter',
    query: groupsQuery.extend(wholeQuery.omit({ fleet: true }).shape),
    answer: letters.letterGroups,
  },
  'GET /dead-letters/groups/:id': { summary: 'One group', answer: letters.letterGroup },
  'PATCH /dead-letters/groups/:id': {
    summary: 'Say something of a group: title, note, owner, snooze',
    body: changeGroupInput,
    answer: letters.letterGroup,
    codes: ['stale_version'],
  },
  'POST /dead-letters/groups/:id/merge': {
    summary: 'Put other groups into this one',
    body: mergeInput,
    answer: letters.letterGroup,
    codes: ['stale_version'],
  },
  'POST /dead-letters/groups/:id/unmerge': {
    summary: 'Take a group out of the one that it was put into',
    body: unmergeInput,
    bodyRequired: false,
    answer: letters.letterGroup,
  },
  'POST /dead-letters/groups': {
    summary: 'Split letters off by hand, into a group of their own',
    body: splitInput,
    answer: letters.letterGroup,
  },
  'DELETE /dead-letters/groups/:id': {
    summary: 'Undo a split: the letters go back to the groups of their fingerprints',
    body: rejoinInput,
    bodyRequired: false,
    answer: letters.rejoinedGroup,
  },
  'GET /dead-letters/:id': {
    summary: 'One dead letter beside the server as it is now',
    answer: letters.letterDetail,
  },
  'POST /dead-letters/:id/preview': {
    summary:
      'What a replay of a dead letter, as it is or in an edited form, would do now; it changes nothing',
    body: foretellInput,
    bodyRequired: false,
    answer: letters.letterForecast,
    codes: ['not_replayable', 'shed'],
  },
  'POST /dead-letters/:id/replay': {
    summary: 'Run a dead letter again, then those held behind it',
    body: replayInput,
    bodyRequired: false,
    answer: letters.replayAnswer,
    codes: letterRuns,
  },
  'POST /dead-letters/:id/edit': {
    summary: 'Run a dead letter in an edited form',
    body: editInput,
    answer: letters.editAnswer,
    codes: letterRuns,
  },
  'POST /dead-letters/:id/reveal': {
    summary: 'The masked values of a dead letter, once, with a reason in the audit log',
    body: revealInput,
    answer: letters.revealed,
  },
  'POST /dead-letters/:id/purge': {
    summary: 'Delete a closed dead letter with its payload before its time',
    body: purgeInput,
    answer: letters.purgedLetter,
    codes: ['not_purgeable'],
  },
  'POST /dead-letters/:id/discard': {
    summary: 'Close a dead letter without effect, with those held behind it',
    body: discardInput,
    answer: letters.discardedLetter,
    codes: ['not_replayable'],
  },
  'POST /dead-letters/:id/restore': {
    summary: 'Open a discarded dead letter again',
    body: restoreInput,
    answer: letters.reopenedLetter,
    codes: ['not_restorable'],
  },
}
