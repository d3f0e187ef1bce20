import { breakerOpen, offline } from './away.ts'
import { checksOf } from './checks.ts'
import { clockOff } from './clock.ts'
import { appVersionRefused, neverEnrolled, paused, revoked } from './decided.ts'
import type { Diagnosis, DiagnosisName, Evidence, Finding } from './evidence.ts'
import { diagnoseForeign } from './foreign.ts'
import { failing, poison, toldToWait, waitingForAdmission } from './held.ts'
import { heldByDeadLetter, waitingForPerson } from './left.ts'
import { healthy, notKnown } from './rest.ts'
import { backlog, serverSlow } from './slow.ts'

type Finder = (evidence: Evidence) => Finding | null

/**
 * In the order of precedence: what comes earlier would hold the device up whatever came later were mended. First what
 * people decided, then what keeps it from the server, then what holds its work while it is heard, what slows it, its
 * clock, and what it has left behind. `not_known` is said before `healthy`: health is claimed only of what is known.
 */
const FINDERS: Readonly<Record<Exclude<DiagnosisName, 'healthy'>, Finder>> = {
  revoked,
  paused,
  app_version_refused: appVersionRefused,
  never_enrolled: neverEnrolled,
  breaker_open: breakerOpen,
  offline,
  waiting_for_admission: waitingForAdmission,
  poison,
  server_slow: serverSlow,
  backlog,
  told_to_wait: toldToWait,
  failing,
  clock_off: clockOff,
  waiting_for_person: waitingForPerson,
  dead_letter: heldByDeadLetter,
  not_known: notKnown,
}

/** Why a device is stuck: exactly one verdict for every evidence, with what was ruled out. Pure. */
export function diagnose(evidence: Evidence): Diagnosis {
  const { source } = evidence.device
  const found = source === undefined ? diagnoseOwn(evidence) : diagnoseForeign(evidence, source)
  return { ...found, checks: checksOf(evidence) }
}

function diagnoseOwn(evidence: Evidence): Finding {
  for (const find of Object.values(FINDERS)) {
    const found = find(evidence)
    if (found !== null) return found
  }
  return healthy(evidence)
}
