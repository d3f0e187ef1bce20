import { INCIDENT_FIELDS, RULE_FIELDS, SILENCE_FIELDS } from '#lib/query/alert-fields.ts'
import { AUDIT_FIELDS, AUDIT_LOOK_MAX } from '#lib/query/audit-fields.ts'
import { INCIDENT_LOOK_MAX } from '#lib/protocol/limits.ts'
import {
  DEVICE_FACET_ROWS_MAX,
  DEVICE_FACETS,
  DEVICE_FIELDS,
  DEVICE_SORTS,
} from '#lib/query/device-fields.ts'
import { FACET_VALUES_MAX } from '#lib/query/facets.ts'
import {
  CONDITIONS_MAX,
  FILTER_LENGTH_MAX,
  VALUES_PER_CONDITION_MAX,
  type Field,
  type Fields,
} from '#lib/query/field.ts'
import {
  CONFLICT_FACETS,
  CONFLICT_FIELDS,
  CONFLICT_LOOK_MAX,
  CONFLICT_SORTS,
} from '#lib/query/conflict-fields.ts'
import { LETTER_FACETS, LETTER_FIELDS, LETTER_LOOK_MAX } from '#lib/query/letter-fields.ts'
import {
  SESSION_FACET_ROWS_MAX,
  SESSION_FACETS,
  SESSION_FIELDS,
  SESSION_LOOK_MAX,
  SESSION_LOOK_ROWS_MAX,
} from '#lib/query/session-fields.ts'

const KINDS: Readonly<Record<Field['kind'], string>> = {
  choice: 'one of these words',
  text: 'a text as it is',
  prefix: 'how a text begins',
  name: 'a whole name in any case, or an id',
  id: 'an id',
  duration: 'a time',
  count: 'a number',
  time: 'an age, a day, an instant, or `from..to`',
}

const formatted = (count: number): string => count.toLocaleString('en')
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`)
const row = ([key, field]: [string, Field]): string => {
  const words =
    field.kind === 'choice' ? `: ${field.choices.map(({ value }) => `\`${value}\``).join(', ')}` : ''
  const examples = field.examples.map((example) => `\`${example}\``).join(' ')
  return `| \`${key}\` | ${cell(field.meaning)} | ${KINDS[field.kind]}${words} | ${cell(examples)} |`
}
const table = (fields: Fields): string =>
  ['| key | meaning | takes | such as |', '|---|---|---|---|', ...Object.entries(fields).map(row)].join('\n')

/** docs/filters.md */
export const filtersPage = (generated: string): string => `# Filters

${generated}

Sessions, devices, conflicts, dead letters, what there is of alerts, and the audit log take a filter: in the box of their page, and as \`q\` of \`GET /api/admin/v1/sessions\`, \`/devices\`, \`/conflicts\`, \`/conflicts/groups\`, \`/dead-letters\`, \`/dead-letters/groups\` and \`/audit\`. The page keeps it in its address.

\`\`\`
result:failed version:2.4.0,2.4.1 -platform:ios took:>30s DFW
\`\`\`

- Conditions stand side by side, and all of them hold. \`key:value\` asks for a value, \`key:one,other\` for either.
- \`-\` in front turns a condition round: \`-result:ok\`. It is true of everything that the condition is not true of, what is not known among it: \`-lag:>5m\` has the sessions that pushed nothing.
- Numbers are compared: \`>\`, \`>=\`, \`<\`, \`<=\`; without a sign they are equal. A time has a unit: \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`.
- A moment is compared by its age (\`seen:<24h\`), or it is in a range of UTC: \`made:2026-11-24\`, \`seen:2026-11-24T09:00Z..2026-11-24T12:00Z\`, \`seen:2026-11-24..\`. A range goes through its last day, and up to an instant. What keeps a filter, as an operation does, makes ages into such ranges once.
- A word without a key is looked for in names, in any case; several must each be found. \`"Gate 4"\` is one text.
- What has a blank, a comma, a colon, a quote or a leading dash is put in quotes: \`device:"Gate 4, left"\`, \`"-x"\`. Within quotes a backslash stands before a quote or a backslash.
- At most ${FILTER_LENGTH_MAX} characters, ${CONDITIONS_MAX} conditions, ${VALUES_PER_CONDITION_MAX} values of one.

What is not understood is refused: the API answers 400 \`bad_request\`, the page says so, and both name the piece and what may stand there. Nothing is searched then.

## Counts and files

\`GET /sessions/facets\`, \`/devices/facets\`, \`/conflicts/facets\` and \`/dead-letters/facets\` count the values of some keys for the same \`q\`: ${SESSION_FACETS.map((key) => `\`${key}\``).join(', ')} of sessions, ${DEVICE_FACETS.map((key) => `\`${key}\``).join(', ')} of devices, ${CONFLICT_FACETS.map((key) => `\`${key}\``).join(', ')} of conflicts, ${LETTER_FACETS.map((key) => `\`${key}\``).join(', ')} of dead letters. A key is counted as if it were not asked for, so that the other values can be seen; ${FACET_VALUES_MAX} values are listed, the others are a number. \`capped\` says that there are more rows than were looked at: the newest ${formatted(SESSION_FACET_ROWS_MAX)} sessions, ${formatted(LETTER_LOOK_MAX)} dead letters, ${formatted(DEVICE_FACET_ROWS_MAX)} devices.

A page of sessions, and the counts beside it, look through the newest ${formatted(SESSION_LOOK_MAX)} at a time (${formatted(SESSION_LOOK_ROWS_MAX)} where \`collection\`, \`code\` or \`source\` is asked for), behind the cursor: a page may have few items, or none, and still a \`nextCursor\`, which goes on behind them. Only without one is it the end. Sessions of devices that are asked for by their ids alone are found however far back.

A page of dead letters, and the counts beside it, do the same over the newest ${formatted(LETTER_LOOK_MAX)} that \`status\`, \`group\`, \`session\`, \`operation\`, \`failed\`, \`skipped\`, \`seen\` and the ids of devices leave.

A page of conflicts, the counts beside it and its groups look through ${formatted(CONFLICT_LOOK_MAX)} in the list’s order, of those that \`status\`, \`record\`, \`session\`, \`id\`, \`arose\` and the ids of devices leave.

\`GET /sessions/export\`, \`/devices/export\`, \`/conflicts/export\` and \`/dead-letters/export\` (\`format=csv\` or \`ndjson\`) write all of what matches, while it is read; devices by name, since one that is heard meanwhile would be missed in an order that moves. If the database fails in the middle, the connection is broken off and the file is not completed; an NDJSON file ends with \`{"complete":true,"rows":…}\`. In CSV, a text that a spreadsheet would run as a formula is led by an apostrophe.

## Sessions

By their end, newest first, of the range (\`from\`, \`to\`; the last 24 hours without). Free words are looked for in the device’s name.

${table(SESSION_FIELDS)}

## Devices

\`sort\` is one of ${DEVICE_SORTS.map((sort) => `\`${sort}\``).join(', ')}: last contact (newest first), pending age (oldest first), queue (longest first), name. Devices of which that is not known come last. A cursor belongs to its order and is refused for another. Free words are looked for in name and id.

${table(DEVICE_FIELDS)}

## Conflicts

\`sort\` is one of ${CONFLICT_SORTS.map((sort) => `\`${sort}\``).join(', ')}: longest wait first, or newest first, which is the API’s order without one; \`from\` and \`to\` are \`arose\` in other words. Free words are looked for in the device’s name. The page shows those that are open, longest wait first, where nothing else is asked for. A conflict over two fields is in two groups of \`/conflicts/groups\`.

${table(CONFLICT_FIELDS)}

## Dead letters

Newest first; \`from\` and \`to\` are \`seen\` in other words. Free words are looked for in device name, place and, where the letter’s collection masks no field, what was said: a search by trial would tell what a mask hides. \`/dead-letters/groups\` counts the letters that match by group, and takes \`state\` (\`open\`, \`snoozed\`, \`resolved\`) beside; where \`q\` names no status, it is of those that are open.

${table(LETTER_FIELDS)}

## Alerts

\`q\` of \`GET /alerts/incidents\`, by when they were opened, newest first. Free words are looked for in title, cause, owner and name (\`INC-207\`). A page looks through ${formatted(INCIDENT_LOOK_MAX)} at a time.

${table(INCIDENT_FIELDS)}

\`q\` of \`GET /alerts/rules\`, in their order. Free words are looked for in name and title.

${table(RULE_FIELDS)}

\`q\` of \`GET /alerts/silences\`, newest first. Free words are looked for in comment and author.

${table(SILENCE_FIELDS)}

## Audit log

\`q\` of \`GET /audit\` and \`/audit/export\`, newest first. Free words are looked for in who, action, target and reason. A page looks through ${formatted(AUDIT_LOOK_MAX)} at a time.

${table(AUDIT_FIELDS)}
`
