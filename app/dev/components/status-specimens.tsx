import { ConflictView } from '#components/status/conflict-view.tsx'
import { DeadLetterNotice } from '#components/status/dead-letter-notice.tsx'
import { DiagnosticsButton } from '#components/status/diagnostics-button.tsx'
import { PendingMark } from '#components/status/pending-mark.tsx'
import { RecoveryPanel } from '#components/status/recovery-panel.tsx'
import { StorageMeter } from '#components/status/storage-meter.tsx'
import { SyncDetails, SyncIndicator } from '#components/status/sync-indicator.tsx'
import type { Specimen } from './specimen.ts'

/** What never becomes another value. */
const still = <T,>(value: T) => ({ get: () => value, subscribe: () => () => undefined })
const WRITTEN = { recordId: 'r', mutationId: 'm' }
const AT = '2026-11-24T14:28:00.000Z'
const AT_MS = Date.parse(AT)

const STATUS = {
  state: 'idle',
  paused: 'no',
  deviceId: '0192f0a1-b2c3-7000-8000-000000000001',
  fleetId: '0192f0a1-b2c3-7000-8000-000000000002',
  pending: 0,
  oldestPendingAt: null,
  refused: 0,
  clockOffsetMs: 0,
  resyncPlace: null,
  lastSyncedAt: AT,
  nextSyncAt: null,
  storeHealth: 'ok',
  problem: null,
} as const
const DEVICES = {
  'up to date': still(STATUS),
  offline: still({ ...STATUS, state: 'offline' as const, pending: 3, oldestPendingAt: AT }),
  'will try again': still({ ...STATUS, state: 'backoff' as const, pending: 1, problem: 'no_answer' }),
  'needs a person': still({ ...STATUS, state: 'halted' as const, problem: 'unauthorized' }),
}
const SAID = { id: 'm1', collection: 'strike-reports', recordId: 'r1', baseVersion: 1, schemaVersion: 1 }
const CHANGE = { ...SAID, hlc: '', madeAt: AT, op: { type: 'put' as const, data: {} } }
const LETTER = {
  deadLetterId: 'l',
  code: 'rule_violation',
  detail: 'No emus here',
  mutation: CHANGE,
  noticedAtMs: AT_MS,
}
const REFUSAL = {
  code: 'clock_out_of_bounds',
  detail: '',
  mutation: { ...CHANGE, id: 'm2' },
  noticedAtMs: AT_MS,
}
const THEIRS = {
  collection: 'strike-reports',
  recordId: 'r1',
  version: 2,
  deleted: false,
  data: { species: 'Rock pigeon', damage: 'Minor' },
  versionVector: {},
  hlc: '',
  schemaVersion: 1,
}
const CONFLICT = {
  conflictId: 'c',
  collection: 'strike-reports',
  recordId: 'r1',
  mutations: [],
  record: THEIRS,
  noticedAtMs: AT_MS,
}
const MINE = { data: { species: 'Mourning dove', damage: null } }
const COLLECTION = { put: async () => WRITTEN, patch: async () => WRITTEN, remove: async () => WRITTEN }
const RECOVERED = {
  noticedAtMs: AT_MS,
  pendingKept: 2,
  changesLost: [{ collection: 'strike-reports', recordId: 'r1' }],
  mayHaveLostMore: false,
  noticesLost: 0,
  isNewIdentity: false,
  setAside: null,
}

/** What apps on the SDK show of a device (components/status). */
export const STATUS_SPECIMENS: readonly Specimen[] = [
  {
    files: ['status/sync-indicator'],
    states: [
      ...Object.entries(DEVICES).map(([name, status$]) => ({
        name,
        show: () => (
          <>
            <SyncIndicator
              replica={{ status$, conflicts$: still([]), deadLetters$: still([]), refusals$: still([]) }}
            />
            <SyncDetails replica={{ status$ }} />
          </>
        ),
      })),
      {
        name: 'work that is open',
        show: () => (
          <SyncIndicator
            isLost
            replica={{
              status$: still(STATUS),
              conflicts$: still([CONFLICT]),
              deadLetters$: still([LETTER]),
              refusals$: still([]),
            }}
          />
        ),
      },
    ],
  },
  {
    files: ['status/pending-mark'],
    states: [
      {
        name: 'to be sent',
        show: () => <PendingMark record={{ pending: 1, inConflict: false, version: 3 }} />,
      },
      {
        name: 'only here',
        show: () => <PendingMark record={{ pending: 1, inConflict: false, version: 0 }} />,
      },
      {
        name: 'to decide',
        show: () => <PendingMark record={{ pending: 0, inConflict: true, version: 3 }} />,
      },
    ],
  },
  {
    files: ['status/conflict-view'],
    states: [
      {
        name: 'both changed it',
        show: () => <ConflictView conflict={CONFLICT} record={MINE} collection={COLLECTION} />,
      },
      {
        name: 'removed here',
        show: () => <ConflictView conflict={CONFLICT} record={null} collection={COLLECTION} />,
      },
      {
        name: 'removed elsewhere',
        show: () => (
          <ConflictView conflict={{ ...CONFLICT, record: null }} record={MINE} collection={COLLECTION} />
        ),
      },
    ],
  },
  {
    files: ['status/dead-letter-notice'],
    states: [
      {
        name: 'one not applied, one refused',
        show: () => (
          <DeadLetterNotice replica={{ deadLetters$: still([LETTER]), refusals$: still([REFUSAL]) }} />
        ),
      },
    ],
  },
  {
    files: ['status/recovery-panel'],
    states: [
      {
        name: 'rebuilt',
        show: () => (
          <RecoveryPanel
            replica={{
              recoveries$: still([RECOVERED]),
              status$: DEVICES.offline,
              sync: async () => STATUS,
            }}
            startOver={async () => undefined}
          />
        ),
      },
    ],
  },
  { files: ['status/storage-meter'], states: [{ name: 'this browser', show: () => <StorageMeter /> }] },
  {
    files: ['status/diagnostics-button'],
    states: [{ name: 'to be sent', show: () => <DiagnosticsButton send={async () => undefined} /> }],
  },
]
