import type { Family, GroupLabels } from './rule.ts'

/** The part of a fleet that an alert is about, whichever way it was found: the breaker of a version is about the version. */
export function subjectOf(group: GroupLabels): GroupLabels {
  const { scope, ...labels } = group
  if (scope === undefined) return labels
  const [kind = '', , ...rest] = scope.split(':')
  // A version may hold a colon, a collection none.
  const name = rest.join(':')
  if (kind === 'app') return { appVersion: name }
  return kind === 'collection' || kind === 'backend' ? { collection: name } : {}
}

/** A text that no other family and part has. */
export const subjectText = (family: Family, group: GroupLabels): string => {
  const { collection = null, appVersion = null } = subjectOf(group)
  return JSON.stringify([family, collection, appVersion])
}

/** What is said of the whole fleet, or of the same part. */
export function covers(wide: GroupLabels, narrow: GroupLabels): boolean {
  const [one, other] = [subjectOf(wide), subjectOf(narrow)]
  return isWholeFleet(one) || (one.collection === other.collection && one.appVersion === other.appVersion)
}

export const isWholeFleet = ({ collection, appVersion }: GroupLabels): boolean =>
  collection === undefined && appVersion === undefined
