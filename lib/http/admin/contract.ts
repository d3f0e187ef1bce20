import type { z } from 'zod'
import { apiKeyCreation } from '#lib/application/access/api-keys.ts'
import { apiKeyChange } from '#lib/application/access/change-api-key.ts'
import { fleetKeyChange } from '#lib/application/access/change-fleet-key.ts'
import { invitationRenewal } from '#lib/application/access/change-invitation.ts'
import { invitationInput } from '#lib/application/access/invite.ts'
import { personWords } from '#lib/application/access/list-people.ts'
import { signInLinkInput } from '#lib/application/access/new-sign-in-link.ts'
import { userChange, userCreation } from '#lib/application/access/users.ts'
import { publicationCheck } from '#lib/application/collections/check-publication.ts'
import { collectionInput } from '#lib/application/collections/create-collection.ts'
import { collectionChange } from '#lib/application/collections/publish-collection.ts'
import { collectionRemoval } from '#lib/application/collections/remove-collection.ts'
import { commandInput } from '#lib/application/devices/command-device.ts'
import { devicesCommandInput } from '#lib/application/devices/command-devices.ts'
import { deviceFacetsQuery, devicesQuery } from '#lib/application/devices/list-devices.ts'
import { enrollmentKeyInput } from '#lib/application/enrollment/create-enrollment-key.ts'
import { fleetChange } from '#lib/application/fleets/change-fleet.ts'
import { fleetInput } from '#lib/application/fleets/create-fleet.ts'
import { fleetRemoval } from '#lib/application/fleets/remove-fleet.ts'
import { ingestKeyInput } from '#lib/application/ingest/create-ingest-key.ts'
import { scrapeTargetInput, scrapeTargetRemoval } from '#lib/application/ingest/scrape-targets.ts'
import { releaseInput } from '#lib/application/releases/record-release.ts'
import { removalInput } from '#lib/application/removal-input.ts'
import { retentionChange } from '#lib/application/retention/change-retention.ts'
import { sessionFacetsQuery, sessionsQuery } from '#lib/application/sessions/list-sessions.ts'
import { viewChange } from '#lib/application/views/change-view.ts'
import { viewPage } from '#lib/application/views/list-views.ts'
import { viewCreation } from '#lib/application/views/save-view.ts'
import * as answers from './contract-answers.ts'
import { ACCOUNT_CONTRACT } from './account-contract.ts'
import { ALERT_CONTRACT } from './alert-contract.ts'
import { AUDIT_CONTRACT } from './audit-contract.ts'
import { BREAKER_CONTRACT } from './breaker-contract.ts'
import { CHANNEL_CONTRACT } from './channel-contract.ts'
import { listOf } from './contract-answers.ts'
import { scrapeTarget, sourceAnswer, toldLog } from './contract-told.ts'
import { CONFLICT_CONTRACT } from './conflict-contract.ts'
import { LAB_CONTRACT } from './lab-contract.ts'
import { CONTESTED_CONTRACT } from './contested-contract.ts'
import { LETTER_CONTRACT } from './letter-contract.ts'
import { OPERATION_CONTRACT } from './operation-contract.ts'
import { RESTORE_CONTRACT } from './restore-contract.ts'
import { REVIEW_CONTRACT } from './review-contract.ts'
import { exportFormat } from './export.ts'
import * as keys from './key-answers.ts'
import type { AdminOperation } from './operation.ts'
import { cohortQuery, heatQuery, pillarQuery, rangeQuery, sessionQuery } from './query.ts'
import { wholeQuery } from './whole-list.ts'

const sessionList = sessionsQuery.omit({ fromMs: true, toMs: true }).extend(sessionQuery.shape)
const exportQuery = { format: exportFormat.optional() }
const collectionCodes = ['schema_refused', 'rules_refused'] as const
const pillar = (summary: string): AdminOperation => ({
  summary,
  query: pillarQuery,
  answer: answers.annotatedPillar,
})
const list = (summary: string, item: z.ZodType, query: z.ZodObject = wholeQuery): AdminOperation => ({
  summary,
  query,
  answer: listOf(item),
})

/** By `METHOD pattern` of the route table. */
export const ADMIN_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /fleets': list('The fleets that the caller can see', answers.fleetAnswer),
  'POST /fleets': {
    summary: 'Make a fleet',
    body: fleetInput,
    answer: answers.fleetAnswer,
    codes: ['already_exists'],
  },
  'GET /fleets/:id': { summary: 'One fleet', answer: answers.fleetAnswer },
  'PATCH /fleets/:id': {
    summary: 'Change name or settings of a fleet',
    body: fleetChange,
    answer: answers.fleetAnswer,
    codes: ['stale_version', 'already_exists'],
  },
  'DELETE /fleets/:id': {
    summary: 'Remove a fleet with all that it holds',
    body: fleetRemoval,
    answer: answers.removedFleet,
    codes: ['devices_enrolled'],
  },

  'GET /retention': {
    summary: 'How long sessions and telemetry events are kept, of all fleets',
    answer: answers.retentionAnswer,
  },
  'PATCH /retention': {
    summary: 'Change how long sessions and telemetry events are kept, of all fleets',
    body: retentionChange,
    answer: answers.retentionAnswer,
    codes: ['stale_version'],
  },

  'GET /collections': list('The collections of a fleet', answers.collectionAnswer),
  'POST /collections': {
    summary: 'Make a collection with schema version 1',
    body: collectionInput,
    answer: answers.collectionAnswer,
    codes: [...collectionCodes, 'already_exists'],
  },
  'GET /collections/:id': { summary: 'One collection', answer: answers.collectionAnswer },
  'PATCH /collections/:id': {
    summary: 'Change a collection; another schema is published as the next version',
    body: collectionChange,
    answer: answers.collectionAnswer,
    codes: [...collectionCodes, 'stale_version'],
  },
  'POST /collections/:id/check': {
    summary: 'What a publication would refuse of what is there, without doing it',
    body: publicationCheck,
    answer: answers.publicationCheckAnswer,
    codes: collectionCodes,
  },
  'DELETE /collections/:id': {
    summary: 'Remove a collection with its records',
    body: collectionRemoval,
    answer: answers.removedCollection,
    codes: ['stale_version', 'conflicts_open'],
  },

  'GET /enrollment-keys': list('The enrollment keys of a fleet', keys.enrollmentKeyAnswer),
  'POST /enrollment-keys': {
    summary: 'Make an enrollment key; its text is shown once',
    body: enrollmentKeyInput,
    answer: keys.madeEnrollmentKeyAnswer,
  },
  'PATCH /enrollment-keys/:id': {
    summary: 'Change name or end of an enrollment key',
    body: fleetKeyChange,
    answer: keys.enrollmentKeyAnswer,
  },
  'DELETE /enrollment-keys/:id': {
    summary: 'Revoke an enrollment key; its devices stay',
    body: removalInput,
    bodyRequired: false,
    answer: keys.enrollmentKeyAnswer,
  },

  'GET /ingest-keys': list('The keys by which telemetry of other engines comes in', keys.ingestKeyAnswer),
  'POST /ingest-keys': {
    summary: 'Make an ingest key; its text is shown once',
    body: ingestKeyInput,
    answer: keys.withKey(keys.ingestKeyAnswer),
  },
  'PATCH /ingest-keys/:id': {
    summary: 'Change name or end of an ingest key',
    body: fleetKeyChange,
    answer: keys.ingestKeyAnswer,
  },
  'DELETE /ingest-keys/:id': {
    summary: 'Revoke an ingest key; what was told by it stays',
    body: removalInput,
    bodyRequired: false,
    answer: keys.ingestKeyAnswer,
  },

  'GET /releases': list('App releases that somebody told of, the latest first', keys.releaseAnswer),
  'POST /releases': {
    summary: 'Tell of an app release; charts mark its time',
    body: releaseInput,
    answer: keys.releaseAnswer,
    codes: ['already_exists'],
  },
  'DELETE /releases/:id': {
    summary: 'Take an app release back that was told by mistake',
    body: removalInput,
    bodyRequired: false,
    answer: keys.releaseAnswer,
  },

  'GET /views': list(
    'The saved views of a page: the caller’s own and the shared ones, by name',
    keys.viewAnswer,
    wholeQuery.extend({ page: viewPage }),
  ),
  'POST /views': {
    summary: 'Keep the address of a list under a name; sharing it needs operator',
    body: viewCreation,
    answer: keys.viewAnswer,
    codes: ['already_exists'],
  },
  'PATCH /views/:id': {
    summary: 'Rename a saved view, share it, or keep another address in it',
    body: viewChange,
    answer: keys.viewAnswer,
    codes: ['already_exists'],
  },
  'DELETE /views/:id': {
    summary: 'Delete a saved view',
    body: removalInput,
    bodyRequired: false,
    answer: keys.viewAnswer,
  },

  'GET /sources': list('The engines of others that tell of a fleet, by name', sourceAnswer),
  'GET /scrape-targets': list('The pages of other engines that are asked for their figures', scrapeTarget),
  'POST /scrape-targets': {
    summary: 'Have a page of another engine asked',
    body: scrapeTargetInput,
    answer: scrapeTarget,
  },
  'DELETE /scrape-targets/:id': {
    summary: 'Ask a page no more; what was read of it stays',
    body: scrapeTargetRemoval,
    answer: scrapeTarget,
  },

  'GET /users': list(
    'The people whom the caller administers',
    answers.personAnswer,
    wholeQuery.extend({ q: personWords }),
  ),
  'POST /users': {
    summary: 'Make a user',
    body: userCreation,
    answer: answers.createdUser,
    codes: ['already_exists'],
  },
  'PATCH /users/:id': {
    summary: 'Change a role of a user, or disable it',
    body: userChange,
    answer: answers.userAnswer,
  },
  'DELETE /users/:id': {
    summary: 'Remove a user: signed out, without a role',
    body: removalInput,
    bodyRequired: false,
    answer: answers.userAnswer,
  },
  'POST /users/:id/link': {
    summary: 'Make a one-time sign-in link for who forgot their password, which works no more',
    body: signInLinkInput,
    bodyRequired: false,
    answer: answers.newSignInLink,
  },

  'GET /invitations': list('Invitations to what the caller administers', answers.invitationAnswer),
  'POST /invitations': {
    summary: 'Invite somebody; the link is shown once',
    body: invitationInput,
    answer: answers.newInvitation,
    codes: ['already_exists'],
  },
  'POST /invitations/:id/link': {
    summary: 'Make a new link in place of the one before',
    body: invitationRenewal,
    bodyRequired: false,
    answer: answers.newInvitation,
    codes: ['gone'],
  },
  'DELETE /invitations/:id': {
    summary: 'Revoke an invitation: its link is dead',
    body: removalInput,
    bodyRequired: false,
    answer: answers.invitationAnswer,
    codes: ['gone'],
  },

  'GET /api-keys': list('The operator keys that the caller administers', keys.apiKeyAnswer),
  'POST /api-keys': {
    summary: 'Make an operator key; its text is shown once',
    body: apiKeyCreation,
    answer: keys.withKey(keys.apiKeyAnswer),
  },
  'PATCH /api-keys/:id': {
    summary: 'Change an operator key',
    body: apiKeyChange,
    answer: keys.apiKeyAnswer,
  },
  'DELETE /api-keys/:id': {
    summary: 'Revoke an operator key',
    body: removalInput,
    bodyRequired: false,
    answer: keys.apiKeyAnswer,
  },

  'GET /overview': {
    summary: 'Verdict, pillars, devices and dead letters of a fleet',
    query: rangeQuery,
    answer: answers.overviewAnswer,
  },
  'GET /pillars/lag': pillar('Sync lag over time'),
  'GET /pillars/lag/heat': {
    summary: 'How the lags of a stage were spread over time',
    query: heatQuery,
    answer: answers.heatAnswer,
  },
  'GET /pillars/cohorts': {
    summary:
      'Whether app version `a` does worse than `b`, with 95 % intervals; without them, of the two most used the newer one',
    query: cohortQuery,
    answer: answers.cohortAnswer,
  },
  'GET /pillars/conflicts': pillar('Conflict rate over time'),
  'GET /pillars/failures': pillar('Failure rate over time'),
  'GET /pillars/queue': pillar('Queue depth and age over time'),

  'GET /sessions': list('Sessions that ended in the range, newest first', answers.sessionAnswer, sessionList),
  'GET /sessions/facets': {
    summary: 'How many sessions match, and how many have each value of some keys',
    query: sessionFacetsQuery.omit({ fromMs: true, toMs: true }).extend(sessionQuery.shape),
    answer: answers.facetCounts,
  },
  'GET /sessions/export': {
    summary: 'The sessions of a filter as a file',
    query: sessionFacetsQuery
      .omit({ fromMs: true, toMs: true })
      .extend(sessionQuery.shape)
      .extend(exportQuery),
    answer: 'file',
  },
  'GET /sessions/:id': { summary: 'One session with what it did', answer: answers.sessionDetail },

  'GET /devices': list('Devices by last contact, newest first', answers.deviceAnswer, devicesQuery),
  'GET /devices/facets': {
    summary: 'How many devices match, and how many have each value of some keys',
    query: deviceFacetsQuery,
    answer: answers.facetCounts,
  },
  'GET /devices/export': {
    summary: 'The devices of a filter as a file',
    query: deviceFacetsQuery.extend(exportQuery),
    answer: 'file',
  },
  'POST /devices/commands': {
    summary: 'Tell all devices that match a filter the same',
    body: devicesCommandInput,
    answer: answers.commandedDevices,
    codes: ['count_changed', 'request_id_reused'],
  },
  'GET /devices/:id': { summary: 'One device', answer: answers.shownDevice },
  'GET /devices/:id/diagnosis': {
    summary: 'Why a device is stuck: verdict, evidence, what was ruled out, and the next step',
    answer: answers.diagnosisAnswer,
  },
  'GET /devices/:id/logs': list('What a client of another engine logged, newest first', toldLog),
  'POST /devices/:id/commands': {
    summary: 'Tell a device to do something',
    body: commandInput,
    answer: answers.issuedCommand,
    codes: ['too_many_commands', 'device_is_revoked'],
  },
  'GET /devices/:id/diagnostics': list('What a device told of itself', answers.diagnosticsRow),
  'GET /devices/:id/diagnostics/:diagnosticsId': {
    summary: 'One of them, with its body',
    answer: answers.diagnosticsAnswer,
  },

  ...ACCOUNT_CONTRACT,
  ...CONFLICT_CONTRACT,
  ...LAB_CONTRACT,
  ...CONTESTED_CONTRACT,
  ...LETTER_CONTRACT,
  ...OPERATION_CONTRACT,
  ...RESTORE_CONTRACT,
  ...REVIEW_CONTRACT,

  ...BREAKER_CONTRACT,
  ...ALERT_CONTRACT,
  ...CHANNEL_CONTRACT,

  ...AUDIT_CONTRACT,
  'GET /stream': {
    summary: 'Server-sent events that say what changed in a fleet',
    answer: 'events',
  },
}
