import { parseArgs, type ParseArgsConfig } from 'node:util'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { EVERY_FLEET } from '#lib/application/access/authorize.ts'
import { invite } from '#lib/application/access/invite.ts'
import { makeSignInLink } from '#lib/application/access/links.ts'
import { createUser } from '#lib/application/access/users.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { createFleet } from '#lib/application/fleets/create-fleet.ts'
import { createIngestKey } from '#lib/application/ingest/create-ingest-key.ts'
import { raiseEpochs } from '#lib/application/restores/raise-epochs.ts'
import { refoldRange } from '#lib/application/telemetry/refold-range.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { auditAdopt, auditHead, auditVerify } from './audit-commands.ts'
import { backup, gapsOf, hasProblems, restore, restoreCheck } from './backup-commands.ts'
import { CliError } from './cli-error.ts'
import { migrate, openContext, type CliDatabase } from './open-context.ts'
import { prepareDemo } from './prepare-demo.ts'

type Options = NonNullable<ParseArgsConfig['options']>
type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
/** What a command answers, and prints as JSON with `--json`. */
type Answer = Readonly<Record<string, unknown>>

interface Command {
  readonly usage: string
  readonly options: Options
  readonly run: (values: Values) => Promise<Answer>
  /** Whether what it found is bad, so that the process ends with 1. */
  readonly isBad?: (answer: Answer) => boolean
}

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const

/** Commands by their words (README.md). */
const COMMANDS: Readonly<Record<string, Command>> = {
  'fleet create': {
    usage: '--name N',
    options: { name: TEXT },
    run: withDatabase(async ({ ctx }, values) => {
      const { id, name } = await createFleet(ctx, { actor: SYSTEM, body: { name: required(values, 'name') } })
      return { id, name }
    }),
  },
  'enrollment create': {
    usage: '--fleet ID [--name N]',
    options: { fleet: TEXT, name: TEXT },
    run: withDatabase(async ({ ctx }, values) => {
      const body = { name: text(values, 'name') ?? 'command line' }
      const { id, key } = await createEnrollmentKey(ctx, {
        actor: SYSTEM,
        fleetId: requiredId(values, 'fleet'),
        body,
      })
      return { id, key }
    }),
  },
  'ingest create': {
    usage: '--fleet ID --source ENGINE [--name N]',
    options: { fleet: TEXT, source: TEXT, name: TEXT },
    run: withDatabase(async ({ ctx }, values) => {
      const body = { name: text(values, 'name') ?? 'command line', source: required(values, 'source') }
      const fleetId = requiredId(values, 'fleet')
      const { id, key } = await createIngestKey(ctx, { actor: SYSTEM, fleetId, body })
      return { id, key }
    }),
  },
  'key create': {
    usage: '--role viewer|operator|admin --name N [--fleet ID] [--scope metrics] [--days N|never]',
    options: { role: TEXT, name: TEXT, fleet: TEXT, scope: { ...TEXT, multiple: true }, days: TEXT },
    run: withDatabase(async ({ ctx }, values) => {
      const body = {
        role: required(values, 'role'),
        name: required(values, 'name'),
        fleet: text(values, 'fleet'),
        scopes: values['scope'],
        expiresInDays: daysOf(text(values, 'days')),
      }
      const { id, key, expiresAtMs } = await createApiKey(ctx, { actor: SYSTEM, body })
      return { id, key, ends: expiresAtMs === null ? 'never' : new Date(expiresAtMs).toISOString() }
    }),
  },
  'user create': {
    usage: '--email E --role viewer|operator|admin [--fleet ID] [--name N] [--link]',
    options: { email: TEXT, role: TEXT, fleet: TEXT, name: TEXT, link: FLAG },
    run: withDatabase(async ({ ctx, baseUrl }, values) => {
      const link = values['link'] === true
      const body = {
        email: required(values, 'email'),
        role: required(values, 'role'),
        fleet: text(values, 'fleet'),
        name: text(values, 'name'),
        link,
      }
      const { id, email, signInLink } = await createUser(ctx, { actor: SYSTEM, body })
      return { id, email, ...(signInLink === null ? {} : { signInLink: baseUrl + signInLink }) }
    }),
  },
  'user invite': {
    usage: '--email E --role viewer|operator|admin [--fleet ID]',
    options: { email: TEXT, role: TEXT, fleet: TEXT },
    run: withDatabase(async ({ ctx, baseUrl }, values) => {
      const scope = values['fleet'] === undefined ? EVERY_FLEET : requiredId(values, 'fleet')
      const body = { email: required(values, 'email'), roles: { [scope]: required(values, 'role') } }
      const { id, email, link, expiresAtMs } = await invite(ctx, { actor: SYSTEM, body })
      return { id, email, link: baseUrl + link, expires: new Date(expiresAtMs).toISOString() }
    }),
  },
  'user link': {
    usage: '--email E',
    options: { email: TEXT },
    run: withDatabase(async ({ ctx, baseUrl }, values) => {
      const user = await ctx.storage.access.findUserByEmail(required(values, 'email'))
      if (!user) throw new CliError('no user has this e-mail')
      return { id: user.id, signInLink: baseUrl + (await makeSignInLink(ctx, SYSTEM, user)) }
    }),
  },
  'rollups refold': {
    usage: '--from TIME --to TIME [--fleet ID]',
    options: { from: TEXT, to: TEXT, fleet: TEXT },
    run: withDatabase(async ({ ctx }, values) => {
      const fleetId = values['fleet'] === undefined ? undefined : requiredId(values, 'fleet')
      const range = { fromMs: requiredTime(values, 'from'), toMs: requiredTime(values, 'to') }
      const { fromMs, toMs, fleets, slices, events } = await refoldRange(ctx, { ...range, fleetId })
      const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString())
      return { from, to, fleets, hours: slices, events }
    }),
  },
  'audit verify': {
    usage: '[--head SEQ:MAC]… [--after SEQ:MAC]',
    options: { head: { ...TEXT, multiple: true }, after: TEXT },
    run: withDatabase(async ({ ctx }, values) => {
      const { firstBad, ...found } = await auditVerify(ctx, texts(values, 'head'), text(values, 'after'))
      if (firstBad === null) return found
      const { kind, seq, id, what } = firstBad
      return { ...found, wrong: kind, seq, id, what }
    }),
    isBad: ({ state }) => state !== 'holds',
  },
  'audit head': { usage: '', options: {}, run: withDatabase(({ ctx }) => auditHead(ctx)) },
  'audit adopt': { usage: '', options: {}, run: withDatabase(({ ctx }) => auditAdopt(ctx)) },
  migrate: {
    usage: '',
    options: {},
    run: async () => ({ applied: await migrate(process.env) }),
  },
  backup: {
    usage: '--out FILE',
    options: { out: TEXT },
    run: async (values) => backup(process.env, required(values, 'out')),
  },
  restore: {
    usage: '--from FILE [--epoch N] [--unproven]',
    options: { from: TEXT, epoch: TEXT, unproven: FLAG },
    run: async (values) => {
      const epoch = values['epoch'] === undefined ? null : requiredNumber(values, 'epoch')
      return restore(process.env, {
        from: required(values, 'from'),
        epoch,
        unproven: values['unproven'] === true,
      })
    },
    isBad: hasProblems,
  },
  'restore check': {
    usage: '',
    options: {},
    run: async () => restoreCheck(process.env),
    isBad: hasProblems,
  },
  'restore gap': {
    usage: '[--fleet ID] [--ids]',
    options: { fleet: TEXT, ids: FLAG },
    run: withDatabase(async ({ ctx }, values) => {
      const fleetId = values['fleet'] === undefined ? null : requiredId(values, 'fleet')
      return gapsOf(ctx, fleetId, values['ids'] === true)
    }),
  },
  'epoch raise': {
    usage: '[--fleet ID] [--at TIME]',
    options: { fleet: TEXT, at: TEXT },
    run: withDatabase(async ({ ctx }, values) => {
      const fleetId = values['fleet'] === undefined ? null : requiredId(values, 'fleet')
      const takenAtMs = values['at'] === undefined ? null : requiredTime(values, 'at')
      return { epochs: await raiseEpochs(ctx, { actor: SYSTEM, fleetId, takenAtMs }) }
    }),
  },
  'demo prepare': {
    usage: '',
    options: {},
    run: withDatabase(async ({ ctx, baseUrl }) => prepareDemo(ctx, baseUrl)),
  },
}

const lineOf = (words: string): string => `  ${words} ${COMMANDS[words]?.usage ?? ''}`.trimEnd()
const usageOf = (names: readonly string[]): string =>
  ['npm run tidemark -- COMMAND [--json]', '', ...names.map(lineOf)].join('\n')
const USAGE = usageOf(Object.keys(COMMANDS))

/** What there is to type, of the commands that begin with the line's words; null where no help is asked for, or of nothing. */
export function helpFor(line: readonly string[]): string | null {
  const isVerb = line[0] === 'help'
  if (!isVerb && !line.includes('--help') && !line.includes('-h')) return null
  const words = isVerb ? line.slice(1) : line
  const options = words.findIndex((word) => word.startsWith('-'))
  const about = options < 0 ? words : words.slice(0, options)
  const names = Object.keys(COMMANDS).filter((name) =>
    name.split(' ').every((word, index) => (about[index] ?? word) === word),
  )
  return names.length === 0 ? null : usageOf(names)
}

/** Runs a command line; `json` says how its answer is wanted. @throws CliError for a line that makes no sense */
export async function runCommand(
  line: readonly string[],
): Promise<{ readonly answer: Answer; readonly json: boolean; readonly isBad: boolean }> {
  // The longest that fits: `restore check` is not `restore`.
  const words = Object.keys(COMMANDS)
    .filter((name) => name.split(' ').every((word, index) => line[index] === word))
    .sort((a, b) => b.length - a.length)[0]
  const command = words === undefined ? undefined : COMMANDS[words]
  if (words === undefined || command === undefined) {
    const unknown = line.filter((word) => !word.startsWith('-')).slice(0, 2)
    throw new CliError(
      `${unknown.length === 0 ? 'name a command' : `unknown command: ${unknown.join(' ')}`}\n\n${USAGE}`,
    )
  }
  const values = valuesOf(words, command, line.slice(words.split(' ').length))
  const answer = await command.run(values)
  return { answer, json: values['json'] === true, isBad: command.isBad?.(answer) ?? false }
}

function valuesOf(words: string, command: Command, args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: { ...command.options, json: FLAG }, strict: true }).values
  } catch (error) {
    throw new CliError(
      `${error instanceof Error ? error.message : String(error)}\n\nusage: ${words} ${command.usage}`,
    )
  }
}

function withDatabase(run: (database: CliDatabase, values: Values) => Promise<Answer>): Command['run'] {
  return async (values) => {
    const database = await openContext(process.env)
    try {
      return await run(database, values)
    } finally {
      await database.close()
    }
  }
}

function text(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** Of an option that may stand several times. */
function texts(values: Values, name: string): readonly string[] {
  const value = values[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function required(values: Values, name: string): string {
  const value = text(values, name)
  if (value === undefined || value === '') throw new CliError(`--${name} is missing`)
  return value
}

function requiredId(values: Values, name: string): string {
  const value = required(values, name)
  if (!isUuid(value))
    throw new CliError(`--${name} must be an id, such as the one that \`fleet create\` prints`)
  return value
}

/** How many days a key works: left out for the usual 90, null for ever. */
function daysOf(value: string | undefined): number | null | undefined {
  if (value === undefined) return undefined
  if (value === 'never') return null
  if (!/^[1-9]\d*$/.test(value)) throw new CliError('--days must be a number of days, or `never`')
  return Number(value)
}

function requiredNumber(values: Values, name: string): number {
  const value = Number(required(values, name))
  if (!Number.isInteger(value) || value < 1) throw new CliError(`--${name} must be a whole number above zero`)
  return value
}

/** A day, or a moment with its zone: `2026-06-15`, `2026-06-15T12:00Z`. A day begins at midnight, UTC. */
function requiredTime(values: Values, name: string): number {
  const value = required(values, name)
  const ms = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) throw new CliError(`--${name} must be a time, like 2026-06-15 or 2026-06-15T12:00Z`)
  return ms
}
