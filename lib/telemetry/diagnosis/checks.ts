import { deviceState } from '../connectivity.ts'
import { countText, durationText } from '../format.ts'
import { isBelow } from '#lib/protocol/app-version.ts'
import { breakerInTheWay } from './away.ts'
import { CLOCK_SUSPECT_MS, clockText } from './clock.ts'
import type { Check, CheckName, Evidence } from './evidence.ts'
import { CHECKS } from './evidence.ts'
import { SLOW_MS, toldSessions } from './pace.ts'
import { ownAnswers } from './slow.ts'
import { agoText } from './words.ts'

type Judgement = Omit<Check, 'name'>
const ruledOut = (value: string): Judgement => ({ state: 'ruled_out', value })
const suspect = (value: string): Judgement => ({ state: 'suspect', value })
const notKnown = (value: string): Judgement => ({ state: 'not_known', value })

/** A clock within a second is right: the way there and back explains that much. */
const CLOCK_RIGHT_MS = 1_000

/** So many requests without an answer of so many that it told are its network's doing, though it is heard. */
const LOST_SHARE = 1 / 4
const LOST_REQUESTS_MIN = 10

/** "18 of 40 unanswered"; null for so few that any network loses them. */
function lostAnswers(evidence: Evidence): string | null {
  const requests = toldSessions(evidence).flatMap(({ attempts }) => attempts)
  const lost = requests.filter(({ status }) => status === 0).length
  if (requests.length < LOST_REQUESTS_MIN || lost < requests.length * LOST_SHARE) return null
  return `${countText(lost)} of ${countText(requests.length)} unanswered`
}

const CHECK: Record<CheckName, (evidence: Evidence) => Judgement> = {
  Network: (evidence) => {
    const { device, nowMs, intervalMs, others } = evidence
    if (device.lastContactMs === null) return notKnown('never heard')
    const heard = `heard ${agoText(evidence, device.lastContactMs)} ago`
    if (deviceState(device, nowMs, intervalMs).state === 'offline') return suspect(heard)
    const lost = lostAnswers(evidence)
    if (lost !== null) return suspect(lost)
    const own = ownAnswers(evidence)
    if (own && own.medianMs > SLOW_MS && others && others.medianMs <= SLOW_MS)
      return suspect(`${durationText(own.medianMs)} a ${own.kind}`)
    const rttMs = device.report?.rttMs ?? null
    return ruledOut(rttMs === null ? heard : `${durationText(rttMs)} round trip`)
  },
  Server: ({ others }) => {
    if (others === null) return notKnown('too few requests')
    const said = `${durationText(others.medianMs)} for others`
    return others.medianMs > SLOW_MS ? suspect(said) : ruledOut(said)
  },
  Clock: ({ device }) => {
    const offsetMs = device.report?.offsetMs ?? null
    if (offsetMs === null) return notKnown('not told')
    if (Math.abs(offsetMs) >= CLOCK_SUSPECT_MS) return suspect(clockText(offsetMs))
    return ruledOut(Math.abs(offsetMs) < CLOCK_RIGHT_MS ? 'right within 1 s' : clockText(offsetMs))
  },
  Token: (evidence) => {
    const { device } = evidence
    if (device.status === 'revoked') return suspect('revoked')
    if (device.status === 'paused') return suspect('paused')
    const refused = toldSessions(evidence)[0]?.attempts.findLast(({ status }) => status === 401)
    if (refused) return suspect(refused.code ?? '401')
    // Only a request with a good token is noted as a contact; the enrollment itself shows none.
    if (device.lastContactMs === null || device.report === null) return notKnown('never used')
    return ruledOut(`accepted ${agoText(evidence, Math.max(device.lastContactMs, device.report.atMs))} ago`)
  },
  'App version': ({ device: { appVersion }, minAppVersion }) => {
    if (minAppVersion === null) return ruledOut(`${appVersion}, any is served`)
    const said = `${appVersion}, least ${minAppVersion}`
    return isBelow(appVersion, minAppVersion) ? suspect(said) : ruledOut(said)
  },
  // A session that ended well was written to the device's store before it was told.
  Storage: (evidence) => {
    const { lastSessionOkMs } = evidence.device
    return lastSessionOkMs === null
      ? notKnown('not told')
      : ruledOut(`written ${agoText(evidence, lastSessionOkMs)} ago`)
  },
  Breakers: (evidence) => {
    const inTheWay = breakerInTheWay(evidence)
    if (inTheWay) return suspect(inTheWay.name)
    const open = evidence.breakers.length
    return ruledOut(open === 0 ? 'all closed' : `${countText(open)} open, none in its way`)
  },
}

/** What is known of a device of ours because it asks this server. */
const OURS: readonly CheckName[] = ['Token', 'App version', 'Storage', 'Breakers']

function judged(name: CheckName, evidence: Evidence): Judgement {
  const { source, status } = evidence.device
  if (source === undefined || !OURS.includes(name)) return CHECK[name](evidence)
  return name === 'Token' && status === 'revoked' ? suspect('revoked') : notKnown(`it asks ${source}`)
}

/** What may hold a device up, each with the figure that clears it, suspects it, or that isn't there. */
export const checksOf = (evidence: Evidence): readonly Check[] =>
  CHECKS.map((name) => ({ name, ...judged(name, evidence) }))
