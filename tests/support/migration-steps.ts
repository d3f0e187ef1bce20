/** What a statement of a migration would do to the release before, which runs beside it (docs/upgrades.md). */
export interface Breach {
  readonly what: string
  readonly statement: string
}

/** By which a file says that it takes away what no release still uses: `-- contract: since 1.4.0 nothing reads …`. */
const CONTRACT = /^-- contract: since (\d+\.\d+\.\d+) \S.*$/m

const NAME = String.raw`(?:"[^"]+"|\w+)`
const BREAKS_THE_ONE_BEFORE: readonly (readonly [RegExp, string])[] = [
  [/^DROP\s+(?:TABLE|COLUMN|TYPE|SCHEMA|SEQUENCE|VIEW)\b/i, 'drops what the release before uses'],
  [/^ALTER\s+TABLE\b.*\bDROP\s+COLUMN\b/i, 'drops a column that the release before reads'],
  [/^ALTER\s+(?:TABLE|INDEX|TYPE)\b.*\bRENAME\b/i, 'renames what the release before knows by its old name'],
  [/^ALTER\s+TABLE\b.*\bSET\s+NOT\s+NULL\b/i, 'demands what the release before may leave out'],
  [
    /^ALTER\s+TABLE\b.*\bALTER\s+(?:COLUMN\s+)?\S+\s+(?:SET\s+DATA\s+)?TYPE\b/i,
    'rewrites a column under the release before',
  ],
  [/^REVOKE\b(?!.*\bFROM\s+PUBLIC\b)/i, 'takes a right that the release before uses'],
  [/^TRUNCATE\b/i, 'empties a table'],
]
const LOCKS_FOR_LONG: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:CREATE|DROP|REINDEX)\b.*\bCONCURRENTLY\b/i,
    'is no transaction: a try that is taken back leaves an invalid index, and it waits for those that queue to migrate',
  ],
  [/^(?:VACUUM\s+FULL|CLUSTER|LOCK\s+TABLE)\b/i, 'locks a whole table'],
  [
    new RegExp(
      String.raw`^ALTER\s+TABLE\b.*\bADD\s+(?:CONSTRAINT\s+${NAME}\s+)?(?:CHECK|FOREIGN\s+KEY)\b(?!.*\bNOT\s+VALID\b)`,
      'i',
    ),
    'reads the whole table under a lock: add it NOT VALID, and validate it in another migration',
  ],
]

const FILLS_UNDER_LOCK = 'fills a table under the lock of its change: fill it in another migration'

/**
 * What in a migration breaks the rules for two releases side by side. A file that is marked as a contract step may take
 * away, and still not lock for long. Tables that the same file makes are new: nobody uses them yet.
 */
export function breachesOf(sql: string): readonly Breach[] {
  const statements = statementsOf(sql)
  const made = new Set(statements.flatMap((statement) => tableOf(statement, /^CREATE\s+TABLE/i) ?? []))
  const isContract = CONTRACT.test(sql)
  const granted = new Set(statements.flatMap((statement) => tableOf(statement, /^GRANT\b.*?\bON/i) ?? []))
  const rules = [...(isContract ? [] : BREAKS_THE_ONE_BEFORE), ...LOCKS_FOR_LONG]
  const altered = new Set(statements.flatMap((statement) => tableOf(statement, /^ALTER\s+TABLE/i) ?? []))
  return statements.flatMap((statement) => {
    const filled = tableOf(statement, /^UPDATE/i)
    if (filled !== null && altered.has(filled) && !made.has(filled))
      return [{ what: FILLS_UNDER_LOCK, statement }]
    const table =
      tableOf(statement, /^(?:ALTER|DROP|TRUNCATE)\s+TABLE/i) ?? tableOf(statement, /^REVOKE\b.*?\bON/i)
    if (table !== null && made.has(table)) return []
    // Fewer rights: which, the test that runs the release before has to bear.
    if (table !== null && /^REVOKE\b/i.test(statement) && granted.has(table)) return []
    return [
      ...rules.flatMap(([pattern, what]) => (pattern.test(statement) ? [{ what, statement }] : [])),
      ...(isContract ? [] : unfilledColumns(statement)),
    ]
  })
}

/** A column that must be there, without a default: an insert of the release before has none. */
function unfilledColumns(statement: string): readonly Breach[] {
  if (!/^ALTER\s+TABLE\b/i.test(statement)) return []
  const added = statement.split(/\bADD\s+COLUMN\b/i).slice(1)
  return added.some((column) => /\bNOT\s+NULL\b/i.test(column) && !/\b(?:DEFAULT|GENERATED)\b/i.test(column))
    ? [{ what: 'adds a column that the release before does not fill', statement }]
    : []
}

function tableOf(statement: string, verb: RegExp): string | null {
  const rest = statement.replace(verb, '')
  if (rest === statement) return null
  const [, name = null] =
    new RegExp(String.raw`^\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?(${NAME})`, 'i').exec(rest) ?? []
  return name?.replaceAll('"', '').toLowerCase() ?? null
}

/** Without comments, each on one line; what stands between dollar signs is a body of its own and left out. */
function statementsOf(sql: string): readonly string[] {
  return sql
    .replaceAll(/(\$\w*\$)[^]*?\1/g, "''")
    .replaceAll(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
    .filter((statement) => statement !== '')
}
