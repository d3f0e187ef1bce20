/** Bounds of the wire contract, which `/api/openapi.json` publishes. Sizes in bytes, ages in milliseconds. */
export const MUTATIONS_PER_PUSH_MAX = 500
export const BODY_BYTES_MAX = 1024 * 1024
/** Of the records that one push changes and is answered with; what comes after that waits for another push. */
export const PUSH_RECORD_BYTES_MAX = 8 * 1024 * 1024
/** Of one record: its document and the states of its CRDTs. A page of a pull, or an answer to a push, has one more than it may. */
export const RECORD_BYTES_MAX = 4 * 1024 * 1024
export const MUTATION_BYTES_MAX = 256 * 1024
export const SDK_MUTATION_BYTES_MAX = 512 * 1024
export const PULL_CHANGES_MAX = 500
export const PULL_BYTES_MAX = 4 * 1024 * 1024
export const SESSIONS_PER_REPORT_MAX = 100
/** Of an export of telemetry, once it is unpacked; as it comes it is at most BODY_BYTES_MAX. */
export const INGEST_BYTES_MAX = 8 * 1024 * 1024
/** Of other engines, in one fleet: whoever holds an ingest key makes them by naming them. */
export const FOREIGN_DEVICES_MAX = 20_000
/** Series of figures that other engines tell, in one fleet; each keeps what was told last. */
export const TOLD_SERIES_MAX = 5_000
/** Pages of other engines that are asked for one fleet, each within these times of the last. */
export const SCRAPE_TARGETS_MAX = 20
export const SCRAPE_EVERY_MS = { min: 15_000, default: 60_000, max: 3_600_000 } as const
/** Devices that one call of the operator API tells something: some seconds of work. */
export const DEVICES_COMMANDED_MAX = 1_000
/** Logs of one device of another engine: the newest stay. */
export const TOLD_LOGS_PER_DEVICE_MAX = 200
export const TRANSITIONS_PER_SESSION_MAX = 200
export const ATTEMPTS_PER_SESSION_MAX = 100
/** They count from 1; a date written as a number is none. */
export const SCHEMA_VERSION_MAX = 2 ** 31 - 1
export const JSON_DEPTH_MAX = 32
export const JSON_KEYS_MAX = 1_000
export const COLLECTIONS_PER_FLEET_MAX = 100
/** A device may hold changes of collections that no longer are. */
export const COLLECTIONS_REPORTED_MAX = 2 * COLLECTIONS_PER_FLEET_MAX
export const TOKEN_TEXT_MAX = 16_000
/** Conflicts that one heartbeat may ask about. */
export const CONFLICTS_ASKED_MAX = 20
/** Changes of one record that an export names as undecided, and that one heartbeat may ask about. */
export const AWAITED_MAX = 100
export const STATE_HASH_TEXT_MAX = 16_000
/** Records of one collection whose state is compared; larger ones are left out. */
export const STATE_RECORDS_MAX = 20_000
export const APP_VERSIONS_LIVE_MAX = 100
/** Breakers of one fleet that people said something of: every process reads all of them at each change. */
export const BREAKERS_HELD_PER_FLEET_MAX = 500
/** Scopes that a process tells the others of each second: what isn't closed first; the calls of the rest it alone knows. */
export const SCOPES_TOLD_MAX = 200
/** Versions of a fleet's app that somebody told the release of. */
export const RELEASES_PER_FLEET_MAX = 500
/** New dead letters of one device on one UTC day; a push that would make more is 429, without effect. */
export const DEAD_LETTERS_PER_DEVICE_DAY_MAX = 1_000
/** Replays after which a letter that died each time is poisoned: bulk actions leave it out. */
export const LETTER_POISON_REPLAYS = 3
/** Fields of one collection that dead letters show masked. */
export const MASKED_FIELDS_MAX = 100
/** Letters of one bulk action, with those held behind them. */
export const OPERATION_ITEMS_MAX = 200_000
/** Letters of one bulk action that are named one by one, instead of by a filter. */
export const OPERATION_LETTERS_MAX = 100
/** Letters that one dry run looks at, in slices of this many. */
export const PREVIEW_ITEMS_MAX = 20_000
export const PREVIEW_SLICE = 500
/** Letters that a dry run names one by one; all of them are counted. */
export const PREVIEW_ITEMS_SHOWN_MAX = 500
/** Letters of an operation that run in a second. */
export const OPERATION_RATE = { min: 1, default: 50, max: 1_000 } as const
/** Who starts more letters than these, or holds back as many devices, says how many they are (security check 8). */
export const UNTYPED_MAX = { letters: 1_000, devices: 999 } as const
/** Operations of one fleet that run or stand still at a time. */
export const OPERATIONS_UNFINISHED_MAX = 50
/** Steps of one JSON Patch, and the characters that it takes. */
export const JSON_PATCH_STEPS_MAX = 100
export const JSON_PATCH_CHARS_MAX = 64 * 1024
/** Answers in a row that are not lasting, before a letter of an operation counts as failed. */
export const OPERATION_WAITS_MAX = 8
/** Groups of dead letters of which people said something, in one fleet. */
export const GROUP_ROWS_MAX = 2_000
/** Letters that one split takes. */
export const GROUP_SPLIT_MAX = 500
export const CLOCK_AHEAD_MAX_MS = 5 * 60_000
/** Keys that one patch may remove. */
export const UNSET_KEYS_MAX = 1_000
/** Bounds of one `crdt` operation. */
export const CRDT_CHANGES_MAX = 100
export const CRDT_DOTS_MAX = 10_000
export const CRDT_PATH_CHARS_MAX = 2_000
const DAY_MS = 86_400_000
export const TOKEN_LIFE_MS = 30 * DAY_MS
export const STORED_RESPONSE_LIFE_MS = 35 * DAY_MS
export const TOMBSTONE_LIFE_MS = 45 * DAY_MS
/** Longer than tokens and replaced documents: who still has either finds all operations since (CS5). */
export const OT_LOG_LIFE_MS = 50 * DAY_MS
export const MUTATION_ID_LIFE_MS = 400 * DAY_MS
/** A letter that was closed is kept so long, and one that was discarded can be restored; then it goes. */
export const LETTER_RESTORABLE_MS = 30 * DAY_MS
/** An operation that has ended is kept so long with its members, well beyond the letters that it closed; then it goes. */
export const OPERATION_KEPT_MS = 90 * DAY_MS
/** An operation that nobody starts within this time of its last dry run, or of its creation, is cancelled. */
export const OPERATION_START_WITHIN_MS = 30 * DAY_MS
export const ENROLL_REPEAT_MS = DAY_MS
/** Tokens of one device that are good at a time: each answer to a repeated enrollment brings one. */
export const TOKENS_PER_DEVICE_MAX = 100

/** Characters of a rule, or of an up-migration's expression. */
export const CEL_LENGTH_MAX = 2_000

/** Schemas, rules and up-migrations of a fleet's collections together: half of what the SDK reads of one answer. */
export const CONFIG_BYTES_MAX = 8 * 1024 * 1024
/** Of one fleet: rules that are its own, or other than shipped. Each is evaluated every 15 s. */
export const ALERT_RULES_PER_FLEET_MAX = 100
/** Of one fleet, those that are not over. */
export const SILENCES_PER_FLEET_MAX = 200
/** 90 days: a silence that is longer is a rule that should be off. */
export const SILENCE_MS_MAX = 7_776_000_000
/** Of one test of a rule that is given as data. */
export const RULE_TEST_STEPS_MAX = 10_000
/** Incidents that a page of a filtered list looks through. */
export const INCIDENT_LOOK_MAX = 1_000
/** Channels for notices of incidents, of all fleets together. */
export const CHANNELS_MAX = 100
/** Incidents of one rule and severity that begin within this time are told as one, at most so many. */
export const NOTICE_GROUP_WAIT_MS = 10_000
export const NOTIFICATION_ITEMS_MAX = 1_000
/** Words of a channel's own in the place of ours. */
export const TEMPLATE_LENGTH_MAX = 2_000
/** A notification is tried for so long, and so often; the waits between grow from the first to the longest. */
export const NOTIFICATION_TRIED_FOR_MS = 86_400_000
export const NOTIFICATION_TRIES_MAX = 400
/** 30 days: lines of the log, and notifications that are over. */
export const NOTIFICATION_LIFE_MS = 2_592_000_000
export const NOTIFICATION_WAIT_MS = { first: 5_000, longest: 300_000, asked: 3_600_000 } as const
/** Versions of one collection's design review. */
export const REVIEWS_PER_COLLECTION_MAX = 500
/** What a design review looks at, the newest: bounded, since each is read whole. */
export const REVIEW_SAMPLE_MAX = {
  records: 500,
  changes: 1_000,
  conflicts: 500,
  devices: 20,
  sessions: 50,
} as const
/** Rows that are held at a time while a sample is read. */
export const REVIEW_SAMPLE_PAGE = 100
/** Fields that one review says the kind of. */
export const REVIEW_FIELDS_MAX = 50
/** Groups of conflicts that are told at once, the largest; the rest is counted. */
export const CONFLICT_GROUPS_MAX = 100
/** Open conflicts that one rule decides, looked at by a preview; more have to be narrowed. */
export const CONFLICTS_BY_RULE_MAX = 10_000
/** Pages of the list that are read to find them: where few of many match, each looks through CONFLICT_LOOK_MAX. */
export const CONFLICTS_BY_RULE_LOOKS_MAX = 40
/** Conflicts that a preview, or a call, names of each outcome. */
export const CONFLICTS_NAMED_MAX = 5

/** Conflicts that one run of the lab looks at: the newest of its range. */
export const LAB_CONFLICTS_MAX = 100_000
/** Of them, those that strategies are tried on which merge by a state: each takes ten times as long. */
export const LAB_JOINED_MAX = 5_000
/** Read from the storage at a time. */
export const LAB_PAGE = 500
/** Of each finding of a column. */
export const LAB_EXAMPLES_MAX = 20
/** Of one example. */
export const LAB_PLACES_MAX = 20
export const LAB_FIELDS_MAX = 20
/** Fields that are counted while a run goes on; of more, those that came first. */
export const LAB_FIELDS_COUNTED_MAX = 500
/** Runs of a collection that are kept, the newest. */
export const LAB_RUNS_KEPT = 20
/** How often a run says how far it is, and how long after its last word it counts as lost with its process. In ms. */
export const LAB_TOLD_EVERY_MS = 500
export const LAB_LOST_AFTER_MS = 30_000
/** How far clocks are put off at most, in ms. */
export const LAB_CLOCKS_OFF_MAX_MS = 7 * 24 * 60 * 60 * 1_000
/** How long a run replays without a pause, in ms. */
export const LAB_SLICE_MS = 10
