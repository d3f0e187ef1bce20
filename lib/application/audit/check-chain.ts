import { z } from 'zod'
import type { AuditHead } from '#lib/storage/ports.ts'
import { authorizeEverywhere } from '../access/authorize.ts'
import type { Actor } from '../context.ts'
import { badRequest, parsedOrThrow } from '../errors.ts'
import type { Place } from './adopted.ts'
import { parseAuditHead } from './audit-head.ts'
import type { AuditContext } from './audit-context.ts'
import { verifyAudit, type ChainReport } from './verify-audit.ts'

/** How long one call looks; a longer chain is gone on with by `after` and `outside`. */
const CHECK_MS_MAX = 5_000
export const OUTSIDE_HEADS_MAX = 20
const HEAD_CHARS_MAX = 81
const PLACE = /^(-?\d{1,16}):([0-9a-f-]{36})$/

export const chainQuery = z.strictObject({
  after: z
    .string()
    .max(HEAD_CHARS_MAX)
    .optional()
    .describe('`SEQ:MAC` where an earlier, unfinished check left off'),
  outside: z
    .string()
    .regex(PLACE)
    .optional()
    .describe('`MS:ID`, of `outsideUpTo` of that check, where it has one'),
  head: z
    .string()
    .max(HEAD_CHARS_MAX * OUTSIDE_HEADS_MAX)
    .optional()
    .describe(
      `Heads that were kept elsewhere, as \`SEQ:MAC\`, up to ${OUTSIDE_HEADS_MAX} with commas between`,
    ),
})

/**
 * Whether the audit chain holds, by whoever administers every fleet; bounded in time, but for reading
 * which entries were adopted (one entry for each 200 of them).
 * @throws ApplicationError `forbidden`, `bad_request`
 */
export async function checkChain(
  ctx: Pick<AuditContext, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly query: unknown },
): Promise<ChainReport> {
  authorizeEverywhere(input.actor, 'admin')
  const { after, head, outside } = parsedOrThrow(chainQuery, input.query)
  return verifyAudit(ctx, {
    behind: after === undefined ? undefined : headOf('after', after),
    outsideBehind: outside === undefined ? undefined : placeOf(outside),
    heads: head === undefined ? [] : headsOf(head),
    untilMs: ctx.clock.now() + CHECK_MS_MAX,
  })
}

/** The head of the chain, to be kept elsewhere. @throws ApplicationError `forbidden` */
export async function chainHead(
  ctx: Pick<AuditContext, 'storage'>,
  input: { readonly actor: Actor },
): Promise<AuditHead> {
  authorizeEverywhere(input.actor, 'admin')
  return ctx.storage.audit.head()
}

function placeOf(text: string): Place {
  const [, ms, id = ''] = PLACE.exec(text) ?? []
  return { atMs: Number(ms), id }
}

function headsOf(text: string): readonly AuditHead[] {
  const heads = text.split(',')
  if (heads.length > OUTSIDE_HEADS_MAX)
    throw badRequest([{ path: '/head', message: `names more than ${OUTSIDE_HEADS_MAX} heads` }])
  return heads.map((head) => headOf('head', head))
}

function headOf(name: string, text: string): AuditHead {
  const head = parseAuditHead(text)
  if (!head) throw badRequest([{ path: `/${name}`, message: 'must be SEQ:MAC, such as `audit head` prints' }])
  return head
}
