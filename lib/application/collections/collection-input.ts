import { z } from 'zod'
import { checkRules } from '#lib/engine/business-rules.ts'
import { checkSchema } from '#lib/engine/check-schema.ts'
import { screenIssues } from '#lib/engine/screens.ts'
import { checkUpMigrations } from '#lib/engine/schema-evolution/check-up-migrations.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { JsonSchema, StrategyName } from '#lib/protocol/device.ts'
import { STRATEGIES, TIE_RULES } from '#lib/protocol/device.ts'
import { jsonObject } from '#lib/protocol/mutation.ts'
import { businessRule, RULES_MAX, UP_MIGRATIONS_MAX, upMigration } from '#lib/protocol/rules.ts'
import type { Authority, Collection } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, badRequest } from '../errors.ts'

const FIELD_STRATEGIES_MAX = 100

export const schemaInput = z.union([z.boolean(), jsonObject])

/** How a collection decides conflicts. */
export const strategyInput = {
  strategy: z.enum(STRATEGIES),
  tieRule: z.enum(TIE_RULES),
  fieldStrategies: z
    .record(z.string().startsWith('/').max(200), z.enum(STRATEGIES))
    .refine(
      (map) => Object.keys(map).length <= FIELD_STRATEGIES_MAX,
      `at most ${FIELD_STRATEGIES_MAX} fields`,
    ),
}

/** What a collection demands of its documents beside the schema. */
export const rulesInput = {
  rules: z.array(businessRule).max(RULES_MAX).optional(),
  upMigrations: z.array(upMigration).max(UP_MIGRATIONS_MAX).optional(),
}

export const AUTHORITY_TIMEOUT_MS = 3_000
export const authorityInput = z.strictObject({
  url: z.string(),
  timeoutMs: z.int().min(100).max(10_000).default(AUTHORITY_TIMEOUT_MS),
  /** Makes another key; the old one signs nothing from then on. */
  rotateSecret: z.boolean().optional(),
})

/**
 * The authority as it is stored; its key stays when only the address or the timeout changes.
 * @throws ApplicationError `bad_request` for an address that the server must not call
 */
export function authorityOf(
  ctx: Pick<Context, 'egress' | 'ids'>,
  { url, timeoutMs, rotateSecret = false }: z.infer<typeof authorityInput>,
  before: Authority | null,
): Authority {
  const refusal = ctx.egress.refusal(url)
  if (refusal !== null) throw badRequest([{ path: '/authority/url', message: refusal }])
  return { url, timeoutMs, keyId: before && !rotateSecret ? before.keyId : ctx.ids() }
}

/** @throws ApplicationError `rules_refused` with the places */
export function requireEvaluable({
  rules,
  upMigrations,
  schemaVersion,
}: Pick<Collection, 'rules' | 'upMigrations' | 'schemaVersion'>): void {
  const below = (at: string, issues: ReturnType<typeof checkRules>) =>
    issues.map(({ path, message }) => ({ path: `${at}${path}`, message }))
  const errors = [
    ...below('/rules', checkRules(rules)),
    ...below('/upMigrations', checkUpMigrations(upMigrations, schemaVersion)),
  ]
  if (errors.length > 0) throw new ApplicationError('rules_refused', { extra: { errors } })
}

/** A record's history is that of its CRDTs or of its paths under OT. @throws ApplicationError `bad_request` */
export function requireOneMerge(rules: {
  readonly strategy: StrategyName
  readonly fieldStrategies: Readonly<Record<string, StrategyName>>
}): void {
  const names = [rules.strategy, ...Object.values(rules.fieldStrategies)]
  if (!names.includes('crdt') || !names.includes('ot')) return
  throw badRequest([{ path: '/fieldStrategies', message: 'crdt and ot cannot stand in one collection' }])
}

/** @throws ApplicationError `schema_refused` with the places */
export function requirePublishable(schema: JsonSchema): void {
  const check = checkSchema(schema)
  const issues = check.ok ? screenIssues(schema) : check.issues
  if (issues.length === 0) return
  throw new ApplicationError('schema_refused', { extra: { errors: issues as unknown as Json } })
}

/** Leaves out what was not given: the stored form has no `undefined` members. */
export const given = <T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
