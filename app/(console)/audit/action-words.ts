import { NOBODY, SEVERAL } from '#lib/application/access/audit-entry.ts'
import type { ListedAudit } from '#lib/application/audit/list-audit.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'

type Entry = Pick<ListedAudit, 'action' | 'target' | 'outcome' | 'after'>

/** The usual actions; any other is told as it is written. */
const DONE: Readonly<Record<string, string>> = {
  'account.change': 'changed their account',
  'account.password': 'changed their password',
  'alert-rule.change': 'changed an alert rule',
  'alert-rule.create': 'made an alert rule',
  'api-key.change': 'changed an operator key',
  'api-key.create': 'made an operator key',
  'api-key.revoke': 'revoked an operator key',
  'audit.adopt': 'took older entries into the chain',
  'backup.take': 'took a backup',
  'breaker.approve': 'approved an override',
  'breaker.ask': 'asked a second person for an override',
  'breaker.break_glass': 'broke the glass',
  'breaker.configure': 'configured a breaker',
  'breaker.extend': 'gave an override another end',
  'breaker.forced_closed': 'forced a breaker closed',
  'breaker.forced_open': 'forced a breaker open',
  'breaker.release': 'released a breaker',
  'channel.create': 'made a channel',
  'channel.test': 'tested a channel',
  'collection.change': 'changed a collection',
  'collection.create': 'made a collection',
  'collection.publish': 'published a collection',
  'collection.remove': 'removed a collection',
  'collection.review': 'reviewed a collection',
  'collection.update': 'changed a collection',
  'conflict.annotate': 'noted on a conflict',
  'conflict.resolve': 'resolved a conflict',
  'dead-letter.discard': 'discarded a dead letter',
  'dead-letter.purge': 'deleted a dead letter for good',
  'dead-letter.replay': 'replayed a dead letter',
  'dead-letter.restore': 'restored a dead letter',
  'dead-letter.reveal': 'looked at a masked payload',
  'device.enroll': 'enrolled',
  'device.pause': 'paused a device',
  'device.resume': 'resumed a device',
  'device.revoke': 'revoked a device',
  'device.rotate': 'got a new token',
  'enrollment-key.create': 'made an enrollment key',
  'enrollment-key.revoke': 'revoked an enrollment key',
  'fleet.change': 'changed a fleet',
  'fleet.create': 'made a fleet',
  'fleet.raise_epoch': 'raised the epoch of a fleet',
  'fleet.remove': 'removed a fleet',
  'fleet.restore': 'restored a fleet',
  'identity.link': 'linked a sign-in of the provider',
  'identity.unlink': 'unlinked a sign-in of the provider',
  'incident.acknowledge': 'acknowledged an incident',
  'incident.assign': 'gave an incident to somebody',
  'incident.note': 'noted on an incident',
  'ingest-key.create': 'made an ingest key',
  'ingest-key.revoke': 'revoked an ingest key',
  'invitation.accept': 'accepted an invitation',
  'invitation.create': 'invited somebody',
  'invitation.renew': 'renewed an invitation',
  'invitation.revoke': 'revoked an invitation',
  'link.create': 'made a sign-in link',
  'operation.cancel': 'cancelled an operation',
  'operation.complete': 'finished an operation',
  'operation.create': 'made an operation',
  'operation.fail': 'gave up on an operation',
  'operation.pause': 'paused an operation',
  'operation.resume': 'resumed an operation',
  'operation.start': 'started an operation',
  'release.record': 'recorded a release',
  'release.remove': 'removed a release',
  'retention.change': 'changed how long things are kept',
  'session.end': 'signed out',
  'session.end-all': 'ended sessions',
  'session.prove': 'showed again who they are',
  'session.start': 'signed in',
  'silence.change': 'changed a silence',
  'silence.create': 'made a silence',
  'silence.end': 'ended a silence',
  'user.change': 'changed a person',
  'user.create': 'added a person',
  'user.rehash': 'had their password’s hash renewed',
  'user.remove': 'removed a person',
  'user.reset-password': 'made a sign-in link, which ended a password',
  'view.share': 'shared a view',
}

/** The same where it was refused. */
const REFUSED: Readonly<Record<string, string>> = {
  'session.start': 'a sign-in',
  'session.prove': 'to show again who they are',
  'device.dead-token': 'a token that has ended',
}

export interface ToldEntry {
  /** What was done, in words. */
  readonly did: string
  /** Beside it, as it is written: an action or an error code; null where it is the same as `did`. */
  readonly raw: string | null
  /** Of a refused request: its method and path. */
  readonly tried: string | null
}

/** What an entry tells of, in words. Pure. */
export function toldEntry({ action, target, outcome, after }: Entry): ToldEntry {
  if (outcome === 'denied') {
    const [like, more, several] = isRecord(after) ? [after['like'], after['more'], after['several']] : []
    const times = typeof more === 'number' ? `${more} times more` : 'more often'
    if (action === 'denials.more' && several === true)
      return { did: `refused ${times}: several requests, for several reasons`, raw: action, tried: null }
    const title = titleOf(target)
    const isSum = action === 'denials.more'
    const tried = isSum ? (typeof like === 'string' ? like : null) : action
    const refused = isSum ? `refused ${times}` : 'refused'
    if (title === null)
      return { did: `${refused}: ${REFUSED[tried ?? ''] ?? tried}`, raw: action, tried: null }
    return { did: `${refused}: ${title}`, raw: target, tried }
  }
  const words = Object.hasOwn(DONE, action) ? DONE[action] : undefined
  return words === undefined
    ? { did: action, raw: null, tried: null }
    : { did: words, raw: action, tried: null }
}

/** Its title within a sentence; null where it is no error code. */
function titleOf(code: string): string | null {
  if (!Object.hasOwn(ERROR_CODES, code)) return null
  const { title } = ERROR_CODES[code as keyof typeof ERROR_CODES]
  return `${title.charAt(0).toLowerCase()}${title.slice(1)}`
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const NO_ONE: Readonly<Record<string, string>> = {
  [NOBODY.id]: 'nobody signed in',
  [SEVERAL.id]: 'several who are known',
}

/** Who an entry says it was, and what sort of who; nobody, and several together, are of no sort. Pure. */
export function toldActor({ kind, id, name }: ListedAudit['actor']): {
  who: string
  kind: ListedAudit['actor']['kind'] | null
} {
  const who = kind === 'system' && Object.hasOwn(NO_ONE, id) ? NO_ONE[id] : undefined
  return who === undefined ? { who: name, kind } : { who, kind: null }
}
