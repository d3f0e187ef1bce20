import { plural } from '#components/ui/format.ts'

type Version = { appVersion: string; devices: number; deadLetters: number }

/** Over this share of the dead letters a version is named. */
const NAMED_SHARE_MIN = 0.5

/** The title of the version table: who makes the dead letters, or that nobody stands out. Pure. */
export function versionsSentence(versions: readonly Version[]): string {
  const dead = versions.reduce((sum, version) => sum + version.deadLetters, 0)
  const devices = versions.reduce((sum, version) => sum + version.devices, 0)
  const most = versions.toSorted((a, b) => b.deadLetters - a.deadLetters)[0]
  if (most === undefined) return 'No app version is known yet'
  if (versions.length === 1) return `Every device runs ${most.appVersion}`
  if (dead === 0) return `${plural(versions.length, 'app version')}, none with open dead letters`
  const part = most.deadLetters / dead
  if (part <= NAMED_SHARE_MIN || devices === 0) return 'No app version stands out by its dead letters'
  const of = (ratio: number): string => `${Math.round(ratio * 100)} %`
  const those = part === 1 ? 'all' : `${of(part)} of`
  return `${most.appVersion} makes ${those} open dead letters with ${of(most.devices / devices)} of the devices`
}

interface Waiting {
  pendingAgeP95Ms: number | null
  pendingAgeOfflineP95Ms: number | null
}

/**
 * How long the changes of a version's devices wait, now. Devices that went silent with changes count where no heard one has
 * some: for them it is the least that it can be, since nobody knows what they made meanwhile. Pure.
 */
export function versionPending({ pendingAgeP95Ms, pendingAgeOfflineP95Ms }: Waiting): {
  ms: number | null
  atLeast: boolean
} {
  if (pendingAgeP95Ms !== null || pendingAgeOfflineP95Ms === null)
    return { ms: pendingAgeP95Ms, atLeast: false }
  return { ms: pendingAgeOfflineP95Ms, atLeast: true }
}
