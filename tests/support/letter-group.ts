import type { LetterGroup } from '#lib/telemetry/letter-groups.ts'

/** A group of open letters of one app version, of which nobody said anything. */
export function letterGroup(
  changes: Partial<LetterGroup> & { readonly appVersion?: string } = {},
): LetterGroup {
  const { appVersion = '2.4.1', count = 1, ...rest } = changes
  return {
    id: '6f15c162-825c-8757-8e2b-285cbac13783',
    state: 'open',
    code: 'schema_mismatch',
    collection: 'strikes',
    schemaVersion: 1,
    place: null,
    detail: 'speed must be number',
    newestLetterId: 'l',
    count,
    devices: 1,
    versions: [{ appVersion, count }],
    versionsLeftOut: 0,
    firstAtMs: 0,
    lastAtMs: 0,
    byHour: [],
    lastReplay: null,
    title: null,
    note: '',
    owner: null,
    snoozedUntilMs: null,
    byHand: false,
    mergedIds: [],
    version: 0,
    ...rest,
  }
}
