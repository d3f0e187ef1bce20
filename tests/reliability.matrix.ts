import type { FaultKind } from './simulation/world/plan.ts'

/** C convergence, A conservation, E one effect, M no missed change, R reads, B atomic, Z no resurrection, L liveness, O between processes. */
export type Invariant = 'C' | 'A' | 'E' | 'M' | 'R' | 'B' | 'Z' | 'L' | 'O'

/** What covers a cell of the fault matrix. */
export type Cover =
  /** Every seed of the simulation with this fault is held to all invariants but O. */
  | { readonly simulated: FaultKind }
  /** A test by its file and its title. */
  | { readonly file: string; readonly title: string }
  /** Work that isn't there yet. Once `sign` stands in a file below `within`, the cell needs a test. */
  | { readonly later: string; readonly within: string; readonly sign: string }

export interface Fault {
  readonly fault: string
  /** The cells that the design marks. */
  readonly cells: readonly Invariant[]
  /** By cell; `all` is for every marked cell but O. */
  readonly covers: { readonly [cell in Invariant | 'all']?: readonly Cover[] }
}

const sim = (...kinds: readonly FaultKind[]): readonly Cover[] => kinds.map((simulated) => ({ simulated }))
const test = (file: string, title: string): Cover => ({ file, title })

const BULK_REPLAY = test(
  'tests/api/processes/operations-killed.test.ts',
  '[DL14] [DL17] runs each letter once, at its rate, and ends as an undisturbed one does',
)
const NOTICES_KILLED = test(
  'tests/api/processes/notifications-killed.test.ts',
  '[NO9] nothing is lost, nothing stays firing, each key stays: killed in the middle of a try, and between',
)
const NOTICES_CLOCK = test(
  'tests/unit/notifications/deliver.test.ts',
  '[NO9] a process whose clock is an hour off sends neither early nor late',
)
const NOTICES_STOPPED = test(
  'tests/unit/notifications/deliver.test.ts',
  '[NO9] of two processes one sends; what one held that is gone is taken up when its lease is over',
)
const AUDIT_CHAIN = test(
  'tests/api/processes/audit-killed.test.ts',
  '[AC2] [check 42] leaves a chain without a gap, and an entry for each change that was made',
)
const PROCESSES = 'tests/api/processes'
const DEVICE = 'tests/api/device'

const RESTORE_DRILL = test(
  `${PROCESSES}/restore-drill.test.ts`,
  'from a backup under load: nothing acknowledged before it is lost, devices converge, and the gap is what was acknowledged after it',
)
const BACKUP_WHOLE = test(
  'tests/contract/backup.test.ts',
  'comes back row for row, under a new epoch, with its telemetry to be folded once',
)
const EPOCH_ANEW = test(
  'tests/contract/backup.test.ts',
  'gives another epoch each time that it is restored, and at least one that is named',
)
const OVERRIDE_STOPPED_OR_KILLED = test(
  `${PROCESSES}/breaker-overrides.test.ts`,
  'one that is stopped is shown as stale and obeys when it goes on; one that is killed obeys from its first answer',
)
const OVERRIDE_WITHOUT_DATABASE = test(
  `${PROCESSES}/breaker-overrides.test.ts`,
  '[BR4] without the database the last word holds, its end is kept by the clock of the process, and it hears what came meanwhile',
)
const OVERRIDE_CLOCKS = test(
  'tests/unit/breakers/overrides-clock.test.ts',
  '[BR4] a clock that jumps ends an override, or brings it back, for no longer than the clock is wrong; one that stands still holds it',
)
const VERSION_BREAKERS = test(
  'tests/api/device/breaker.test.ts',
  '[BR5] the app version that the request names is shut alone, before its body is read',
)

const FAULTY_NETWORK = test(
  `${PROCESSES}/faulty-network.test.ts`,
  'loses no acknowledged mutation, applies none twice, and all catch up once it is healed',
)
const ONE_WAY_PARTITION = test(
  `${PROCESSES}/one-way-partition.test.ts`,
  'every queue drains once it is whole again, nothing acknowledged is lost, nothing is applied twice',
)
const SERVER_KILLED = test(
  `${PROCESSES}/server-killed.test.ts`,
  'loses no acknowledged mutation, applies none twice, and devices catch up by themselves',
)
const SERVER_STOPPED = test(
  `${PROCESSES}/server-stopped.test.ts`,
  'loses no acknowledged mutation, applies none twice, counts each once, and the other one serves and leads',
)
const DATABASE_KILLED = test(
  `${PROCESSES}/database-killed.test.ts`,
  'loses no acknowledged mutation, applies none twice, and the same server takes pushes again',
)
const DISK_FULL = test(
  `${PROCESSES}/disk-full.test.ts`,
  'pushes are told to come again, nothing acknowledged is lost, and the same server goes on once there is room',
)
const CLOCK_JUMPS = test(
  `${PROCESSES}/clock-jumps.test.ts`,
  '[CL1] nothing is lost or applied twice, stamps keep to its bounds, no time is negative, and the lead goes on',
)
const STORM = test(
  `${PROCESSES}/storm.test.ts`,
  '[BO4] no storm during or after it, and the fleet is served again',
)
const TWO_SERVERS = test(
  `${PROCESSES}/two-servers.test.ts`,
  '[TK2] pollers miss no change and see them in order; a repeated request has equal bytes at both',
)
const SICK_ALONE = test(
  `${DEVICE}/breaker-postgres.test.ts`,
  '[BR6] the sick process opens its own; another over the same database goes on',
)

/** The fault matrix of the design, cell by cell. */
export const MATRIX: readonly Fault[] = [
  {
    fault: '1 response lost after commit',
    cells: ['C', 'A', 'E', 'M', 'R', 'B', 'L'],
    covers: {
      all: sim('lose_answer', 'reset', 'cut_answer', 'server_kill_at_commit'),
      A: [FAULTY_NETWORK],
      E: [
        FAULTY_NETWORK,
        test(`${DEVICE}/idempotency.test.ts`, '[ID1] answers a repeated request id with the same bytes'),
      ],
    },
  },
  {
    fault: '2 duplicate request, concurrent, two processes',
    cells: ['C', 'A', 'E', 'M', 'R', 'B', 'O'],
    covers: {
      all: sim('duplicate', 'retry_storm', 'reuse_id'),
      M: [TWO_SERVERS],
      O: [
        test(`${PROCESSES}/repeats.test.ts`, '[ID2] has one effect, and every answer has the same bytes'),
        TWO_SERVERS,
        test(
          `${DEVICE}/idempotency.test.ts`,
          '[check 33] [ID2] gives twenty concurrent duplicates over two processes one effect and the same bytes',
        ),
        test(
          `${DEVICE}/two-processes.test.ts`,
          '[ID2] the same request at both has one effect and the same bytes',
        ),
      ],
    },
  },
  {
    fault: '3 reorder, delay',
    cells: ['C', 'A', 'E', 'M', 'R', 'Z', 'L'],
    covers: { all: sim('delay', 'duplicate', 'slow_commit'), L: [FAULTY_NETWORK] },
  },
  {
    fault: '4 client crash at every persist step',
    cells: ['C', 'A', 'E', 'M', 'R', 'B', 'L'],
    covers: {
      all: sim('device_crash_at_step', 'device_crash'),
      L: [
        test('tests/unit/client/faults.test.ts', '[SM3] the crashes above reach past the end of a session'),
      ],
    },
  },
  {
    fault: '5 server kill -9',
    cells: ['C', 'A', 'E', 'M', 'B', 'L', 'O'],
    covers: {
      all: sim('server_kill', 'server_kill_at_commit'),
      A: [SERVER_KILLED],
      E: [SERVER_KILLED],
      L: [SERVER_KILLED],
      O: [OVERRIDE_STOPPED_OR_KILLED, NOTICES_KILLED, AUDIT_CHAIN],
    },
  },
  {
    fault: '6 database backend killed, server stopped at once',
    cells: ['C', 'A', 'E', 'M', 'B', 'L', 'O'],
    covers: {
      all: sim('storage_down', 'server_kill'),
      E: [DATABASE_KILLED],
      L: [DATABASE_KILLED],
      A: [
        DATABASE_KILLED,
        test(
          `${PROCESSES}/postgres-killed.test.ts`,
          'comes back at the same address, with what was committed, when it is killed itself',
        ),
      ],
      O: [
        test(
          `${DEVICE}/breaker-postgres.test.ts`,
          '[BR2] connections that are terminated at work trip engine and fleet; five good answers close them',
        ),
      ],
    },
  },
  {
    fault: '7 disk full, client quota',
    cells: ['A', 'E', 'B', 'L', 'O'],
    covers: {
      all: sim('no_room'),
      L: [
        test(
          'tests/unit/client/full-store.test.ts',
          '[SDK3] a session goes on without any room at all, and takes what was sent out of the store',
        ),
      ],
      A: [DISK_FULL],
      O: [DISK_FULL],
    },
  },
  {
    fault: '8 clock ±1 h, jump, freeze',
    cells: ['C', 'A', 'M', 'R', 'Z', 'L', 'O'],
    covers: {
      all: sim('clock_step', 'freeze_clock', 'server_clock_step'),
      A: [CLOCK_JUMPS],
      L: [CLOCK_JUMPS],
      O: [CLOCK_JUMPS, OVERRIDE_CLOCKS, NOTICES_CLOCK],
    },
  },
  {
    fault: '9 one bad mutation in a batch; truncated body',
    cells: ['C', 'A', 'E', 'B', 'L', 'O'],
    covers: {
      all: sim('poison', 'cut_request', 'atomic_push'),
      A: [FAULTY_NETWORK],
      O: [BULK_REPLAY],
    },
  },
  {
    fault: '10 token corrupt, foreign, old epoch',
    cells: ['C', 'M', 'Z', 'L'],
    covers: { all: sim('corrupt_token', 'restore') },
  },
  {
    fault: '11 schema skew ±1 version',
    cells: ['C', 'A', 'E', 'B', 'L', 'O'],
    covers: { all: sim('publish', 'restore'), O: [VERSION_BREAKERS] },
  },
  {
    fault: '12 10× retry storm',
    cells: ['A', 'E', 'L', 'O'],
    covers: {
      all: sim('retry_storm'),
      A: [STORM],
      L: [STORM],
      O: [
        test(`${DEVICE}/breaker.test.ts`, '[BR6] another process over the same storage goes on'),
        test(`${DEVICE}/breaker.test.ts`, 'what was shed counts as shed for its fleet, never as a failure'),
      ],
    },
  },
  {
    fault: '13 long transaction, pool exhausted, serialization failure, deadlock',
    cells: ['A', 'E', 'M', 'L', 'O'],
    covers: {
      all: sim('contention', 'slow_commit', 'storage_down'),
      O: [
        SICK_ALONE,
        test(
          `${DEVICE}/breaker-postgres.test.ts`,
          '[BR2] a stream that another transaction holds trips its collection alone, and no other waits for it',
        ),
      ],
    },
  },
  {
    fault: '14 restored or cloned server or device',
    cells: ['C', 'A', 'E', 'M', 'R', 'Z'],
    covers: {
      all: sim('backup', 'restore', 'clone'),
      C: [RESTORE_DRILL],
      A: [RESTORE_DRILL, BACKUP_WHOLE],
      E: [RESTORE_DRILL],
      M: [RESTORE_DRILL, EPOCH_ANEW],
    },
  },
  {
    fault: '15 one-way partition, half-open connection',
    cells: ['C', 'A', 'E', 'M', 'R', 'L', 'O'],
    covers: {
      all: sim('lose_request', 'lose_answer', 'offline'),
      A: [ONE_WAY_PARTITION],
      L: [
        ONE_WAY_PARTITION,
        test(
          `${PROCESSES}/silent-database.test.ts`,
          'is given up in bounded time, and another one takes its place',
        ),
      ],
      O: [OVERRIDE_WITHOUT_DATABASE],
    },
  },
  {
    fault: '16 process stopped 30 s (SIGSTOP), two race',
    cells: ['A', 'E', 'L', 'O'],
    covers: {
      all: sim('server_stopped'),
      A: [SERVER_STOPPED],
      E: [SERVER_STOPPED],
      L: [
        SERVER_STOPPED,
        test(
          'tests/contract/storage/stopped-process.test.ts',
          'a transaction whose process says nothing more gives its stream up before the others give up waiting',
        ),
      ],
      O: [SICK_ALONE, SERVER_STOPPED, OVERRIDE_STOPPED_OR_KILLED, NOTICES_STOPPED],
    },
  },
  {
    fault: '17 device offline past retention',
    cells: ['C', 'A', 'E', 'M', 'Z', 'L'],
    covers: { all: sim('winter') },
  },
]
