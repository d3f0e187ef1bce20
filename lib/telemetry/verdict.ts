import { heldBack } from './breaker-troubles.ts'
import { conflictingCollection, laggingCollection } from './collection-troubles.ts'
import { countText, durationText, percentText, pluralText } from './format.ts'
import { deadLettered, lettersStep, lettersWait } from './letter-troubles.ts'
import type { Overview, VersionRow } from './overview.ts'
import { incidentOpen } from './incident-troubles.ts'
import { everySilent, halfSilent } from './silence-troubles.ts'
import { pendingLevel, sessionsFail } from './thresholds.ts'
import type { Trouble, Verdict } from './trouble.ts'
import { isOver } from './trouble.ts'

/** Figures older than this don't tell of now. */
const FOLD_LAG_MAX_MS = 2 * 60_000
const SNAPSHOT_AGE_MAX_MS = 3 * 60_000

/**
 * Says whether sync is healthy, or that it isn't known. Health is claimed only when every pillar is known
 * and within its limit; of several troubles the gravest is named, the others stand in the evidence.
 */
export function verdictOf(overview: Overview): Verdict {
  const unknown = notHeard(overview) ?? telemetryBehind(overview)
  if (unknown !== null) return unknown
  const incident = incidentOpen(overview)
  const found = [
    everySilent,
    failing,
    heldBack,
    unanswered,
    stuck,
    halfSilent,
    lagging,
    laggingCollection,
    queueing,
    deadLettered,
    conflicting,
    conflictingCollection,
  ].flatMap((find) => find(overview) ?? [])
  // What the figures say of it is nearer than its title: that stands only where they say nothing.
  const troubles = incident === null ? found : [...found, incident]
  const worst = found.find(({ level }) => level === 'crit') ?? troubles[0]
  if (worst === undefined) return partlyKnown(overview) ?? healthy(overview)
  const others = troubles.filter((trouble) => trouble !== worst).map(({ brief }) => brief)
  const { brief: _brief, ...said } = worst
  const verdict = incident === null ? said : { ...said, level: incident.level }
  return others.length === 0
    ? verdict
    : { ...verdict, evidence: `${verdict.evidence}. Also: ${others.join('; ')}` }
}

function notHeard({ devices }: Overview): Verdict | null {
  if (devices.heard > 0) return null
  const enrolled =
    devices.total === 0
      ? 'No device is enrolled'
      : `${pluralText(devices.total, 'device')} enrolled, none has reported`
  return {
    level: 'unk',
    sentence: 'No device has synced yet; waiting for the first',
    evidence: enrolled,
    step: { label: 'Devices', target: { page: 'devices', state: null, has: null, appVersion: null } },
  }
}

function telemetryBehind({ asOf, queue }: Overview): Verdict | null {
  const behind = (sentence: string, evidence: string): Verdict => ({
    level: 'unk',
    sentence,
    evidence,
    step: null,
  })
  if (queue.fromMs > asOf.nowMs)
    return behind('This time lies ahead: nothing is known of it', 'Choose one that has begun')
  if (asOf.foldLagMs > FOLD_LAG_MAX_MS) {
    return behind(
      `Not known: telemetry is ${durationText(asOf.foldLagMs)} behind`,
      'Devices may sync well; what they told since is not in these figures yet',
    )
  }
  const reachesNow = queue.toMs > asOf.nowMs - SNAPSHOT_AGE_MAX_MS
  if (!reachesNow) return null
  if (queue.figure === null)
    return behind(
      'Too early to tell: the devices have not been counted yet',
      'They are counted once a minute; until then the figures below are parts of the whole',
    )
  const ageMs = asOf.nowMs - queue.figure.atMs
  if (ageMs <= SNAPSHOT_AGE_MAX_MS) return null
  return behind(
    `Not known: the last snapshot of the devices is ${durationText(ageMs)} old`,
    'One is taken each minute; the process that takes them may have stopped',
  )
}

function failing({ failures, limits, versions }: Overview): Trouble | null {
  const share = failures.figure?.requests
  if (!isOver(failures.level) || share === undefined || share.rate === null) return null
  const culprit = onlyOne(versions, ({ failures: { rate } }) =>
    rate === null ? null : rate > limits.failureWarn,
  )
  const of = `${countText(share.part)} of ${pluralText(share.whole, 'request')}`
  // Devices try again within a session: requests may fail, and no session with them.
  const failed = (failures.figure?.sessions.part ?? 0) > 0
  const cause = failures.figure?.byCode[0]
  const mostly = cause === undefined ? '' : `; mostly ${cause.key}, ${pluralText(cause.count, 'time')}`
  return {
    level: failures.level,
    sentence:
      culprit === null
        ? `${percentText(share.rate)} of requests fail, over the limit of ${percentText(limits.failureWarn)}`
        : `${culprit.appVersion} fails ${percentText(culprit.failures.rate ?? 0)} of its requests; every other version is within target`,
    evidence: `${of} failed${mostly}`,
    step: failed ? failedSessions(culprit?.appVersion ?? null) : devicesOf(mostFailing(versions)),
    brief: `${percentText(share.rate)} of requests fail`,
  }
}

const failedSessions = (appVersion: string | null): Verdict['step'] => ({
  label: 'Failed sessions',
  target: { page: 'sessions', result: 'failed', appVersion },
})

/** Requests are told of by app version, so that those who make the failing ones are among its devices. */
const devicesOf = (appVersion: string | null): Verdict['step'] => ({
  label: appVersion === null ? 'Devices' : `Devices on ${appVersion}`,
  target: { page: 'devices', state: null, has: null, appVersion },
})

const mostFailing = (versions: readonly VersionRow[]): string | null =>
  versions
    .filter(({ failures }) => failures.part > 0)
    .toSorted((a, b) => b.failures.part - a.failures.part)[0]?.appVersion ?? null

/** Sessions fail and the requests that arrive don't: they were told to wait, or what the devices ask never reaches the server. */
function unanswered({ failures, limits }: Overview): Trouble | null {
  const { figure, level } = failures
  if (figure === null || isOver(level) || !sessionsFail(figure, limits)) return null
  const { sessions, requests, shed } = figure
  const share = percentText(sessions.rate ?? 0)
  const over = `${share} of sessions fail, over the limit of ${percentText(limits.failureBreaker)}`
  const failed = `${countText(sessions.part)} of ${pluralText(sessions.whole, 'session')} failed`
  return {
    level: 'warn',
    sentence: shed > 0 ? `Devices are told to wait: ${over}` : `Devices get no answer: ${over}`,
    evidence:
      shed > 0
        ? `${failed}; ${pluralText(shed, 'request')} met an open breaker, too much load or a pause`
        : `${failed}, and of ${pluralText(requests.whole, 'request')} that arrived ${countText(requests.part)}; look at what lies before the server`,
    step: failedSessions(null),
    brief: `${share} of sessions fail`,
  }
}

/** Devices that are heard and yet keep their work; offline ones are told apart from them. */
function stuck({ lag, limits, versions, devices }: Overview): Trouble | null {
  const pending = lag.figure?.pending ?? null
  const level = pendingLevel(pending, limits)
  const p95 = pending?.online.p95 ?? null
  if (!isOver(level) || pending === null || p95 === null) return null
  const culprit = onlyOne(versions, ({ pendingAgeP95Ms }) =>
    pendingAgeP95Ms === null ? null : pendingAgeP95Ms > limits.oldestWarnMs,
  )
  const whose = culprit === null ? 'Devices that are online' : `Devices on ${culprit.appVersion}`
  const offline =
    devices.offline === 0 ? '' : `; ${pluralText(devices.offline, 'more device')} offline, counted apart`
  return {
    level,
    sentence: `${whose} cannot get rid of their changes`,
    evidence: `Pending age p95 ${durationText(p95)} on ${pluralText(pending.online.count, 'device')} with work waiting${offline}`,
    step: {
      label: 'Devices with changes waiting',
      target: { page: 'devices', state: null, has: 'waiting', appVersion: culprit?.appVersion ?? null },
    },
    brief: `pending age p95 ${durationText(p95)} on devices that are online`,
  }
}

function lagging({ lag, limits, versions }: Overview): Trouble | null {
  const p95 = lag.figure?.upload.p95 ?? null
  if (!isOver(lag.level) || lag.figure === null || p95 === null) return null
  const culprit = onlyOne(versions, ({ uploadLagP95Ms }) =>
    uploadLagP95Ms === null ? null : uploadLagP95Ms > limits.lagWarnMs,
  )
  const target = `target under ${durationText(limits.lagWarnMs)}`
  return {
    level: lag.level,
    sentence:
      culprit === null
        ? `Changes take ${durationText(p95)} to arrive, over the target`
        : `Changes from ${culprit.appVersion} take ${durationText(culprit.uploadLagP95Ms ?? 0)} to arrive; every other version syncs within target`,
    evidence: `Upload lag p95 ${durationText(p95)} of ${pluralText(lag.figure.upload.count, 'change')}, ${target}`,
    step: {
      label: 'Sessions',
      target: { page: 'sessions', result: null, appVersion: culprit?.appVersion ?? null },
    },
    brief: `upload lag p95 ${durationText(p95)}`,
  }
}

function queueing({ queue, limits, devices: { oldestWaiting } }: Overview): Trouble | null {
  const devices = queue.figure?.devices ?? null
  const depth = queue.figure?.depth ?? null
  if (!isOver(queue.level) || depth === null || devices === null) return null
  const deepest = devices.depth.max ?? 0
  const oldest = oldestWaiting === null ? '' : `; the oldest on ${oldestWaiting.name}`
  const apart = queue.figure?.depthOfEngines ?? 0
  const told = apart === 0 ? '' : `, and ${countText(apart)} that other engines tell as a sum`
  const waiting = `${pluralText(depth - apart, 'change')} on ${countText(devices.pending ?? 0)} of ${pluralText(devices.total, 'device')}${told}`
  return {
    level: queue.level,
    sentence:
      deepest > limits.queueWarn
        ? `Changes pile up: ${countText(deepest)} wait on one device`
        : `The oldest waiting change is ${durationText(devices.oldestAgeMs ?? 0)} old`,
    evidence: `${waiting}, as last reported${oldest}`,
    step: {
      label: 'Devices with changes waiting',
      target: { page: 'devices', state: null, has: 'waiting', appVersion: null },
    },
    brief: `${pluralText(depth, 'change')} waiting on devices`,
  }
}

function conflicting({ conflicts, limits }: Overview): Trouble | null {
  const share = conflicts.figure?.mutations
  if (!isOver(conflicts.level) || share === undefined || share.rate === null) return null
  const field = conflicts.figure?.topFields[0]
  const mostly = field === undefined ? '' : `; mostly on ${field.key === '' ? 'the whole record' : field.key}`
  return {
    // Friction is for a person by day: nobody's work is lost, so it never outranks a failure.
    level: 'warn',
    sentence: `${percentText(share.rate)} of changes meet a conflict, over the limit of ${percentText(limits.conflictWarn)}`,
    evidence: `${countText(share.part)} of ${countText(share.whole)} pushed changes needed resolution${mostly}`,
    step: { label: 'Sessions', target: { page: 'sessions', result: null, appVersion: null } },
    brief: `${percentText(share.rate)} of changes meet a conflict`,
  }
}

/** Nothing is over a limit, but not every pillar has a figure. */
function partlyKnown({ lag, conflicts, failures, queue, limits }: Overview): Verdict | null {
  const missing: (readonly [name: string, why: string])[] = []
  const pending = pendingLevel(lag.figure?.pending ?? null, limits)
  if (lag.level === 'unk') missing.push(['sync lag', 'no change was committed on arrival'])
  if (conflicts.level === 'unk') {
    const pushed = conflicts.figure?.mutations.whole ?? 0
    const few = `${pluralText(pushed, 'pushed change')}, too few for a rate`
    missing.push(['conflict rate', pushed === 0 ? 'no change was pushed' : few])
  }
  if (failures.level === 'unk') {
    missing.push([
      'failure rate',
      `${pluralText(failures.figure?.requests.whole ?? 0, 'request')}, too few for a rate`,
    ])
  }
  if (queue.level === 'unk') missing.push(['queue depth', 'no snapshot of the devices'])
  if (pending === 'unk') missing.push(['pending age', 'no snapshot of the devices'])
  if (missing.length === 0) return null
  const names = missing.map(([name]) => name)
  const last = names.at(-1) ?? ''
  const list = names.length === 1 ? `${last} is` : `${names.slice(0, -1).join(', ')} and ${last} are`
  return {
    level: 'unk',
    sentence: `Nothing is over its limit; ${list} not known`,
    evidence: `In this range: ${[...new Set(missing.map(([, why]) => why))].join('; ')}`,
    step: null,
  }
}

/** Few dead letters don't make sync unhealthy, and still wait for a person: they are the next step. */
function healthy({ devices, lag, failures, queue, deadLetters, versions }: Overview): Verdict {
  const online = devices.heard - devices.offline - devices.paused
  const p95 = lag.figure?.upload.p95 ?? 0
  const requests = failures.figure?.requests
  const waiting = queue.figure?.depth ?? 0
  const { open } = deadLetters
  const apart = [
    [devices.offline, 'offline'],
    [devices.paused, 'paused by an operator'],
  ] as const
  const others = apart.flatMap(([count, how]) =>
    count === 0 ? [] : [`${countText(count)} ${count === 1 ? 'is' : 'are'} ${how}`],
  )
  const evidence = `Upload lag p95 ${durationText(p95)}; ${countText(requests?.part ?? 0)} of ${pluralText(requests?.whole ?? 0, 'request')} failed; ${pluralText(waiting, 'change')} waiting on devices`
  const all = online === 1 ? 'The only device syncs' : `All ${countText(online)} devices sync`
  const some = `${pluralText(online, 'device')} ${online === 1 ? 'syncs' : 'sync'}`
  const synced =
    online === 0
      ? `No device syncs now: ${others.join('; ')}`
      : [`${others.length === 0 ? all : some} within target`, ...others].join('; ')
  return {
    level: online === 0 ? 'unk' : 'ok',
    sentence: open === 0 ? synced : `${synced}; ${lettersWait(open, versions)}`,
    evidence,
    step: open === 0 ? null : lettersStep(deadLetters),
  }
}

/** The only version for which `over` holds while another is known not to; null says nothing of a version. */
function onlyOne(
  versions: readonly VersionRow[],
  over: (version: VersionRow) => boolean | null,
): VersionRow | null {
  const bad = versions.filter((version) => over(version) === true)
  const good = versions.some((version) => over(version) === false)
  return bad.length === 1 && good ? (bad[0] ?? null) : null
}
