import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import { TEMPLATE_LENGTH_MAX } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { SEVERITIES, type ChannelKind } from '#lib/protocol/notice.ts'
import type { Context } from '../context.ts'
import { badRequest } from '../errors.ts'
import { SETTINGS, type SettingsOf } from './channel-settings.ts'
import { TEMPLATE_NAMES, unknownNames } from './template.ts'

const templateText = z
  .string()
  .max(TEMPLATE_LENGTH_MAX)
  .superRefine((text, check) => {
    const [unknown] = unknownNames(text)
    if (unknown !== undefined)
      check.addIssue({
        code: 'custom',
        message: `{{${unknown}}} stands for nothing; there are ${TEMPLATE_NAMES.join(', ')}`,
      })
  })
  .nullable()

const reason = z.string().trim().min(1).max(1_000).optional()
const severities = z
  .array(z.enum(SEVERITIES))
  .min(1)
  .max(SEVERITIES.length)
  .refine((all) => new Set(all).size === all.length, 'must name each once')
const template = z.strictObject({ title: templateText.optional(), body: templateText.optional() })

const common = {
  name: label(120),
  /** Without a fleet it is told of every fleet's incidents. */
  fleet: uuid.nullish(),
  severities: severities.default(['warning', 'critical']),
  template: template.default({}),
  enabled: z.boolean().default(true),
  reason,
}

const creation = <K extends ChannelKind>(kind: K) =>
  z.strictObject({ ...common, kind: z.literal(kind), settings: SETTINGS[kind] })

export const channelCreation = z.discriminatedUnion('kind', [
  creation('webhook'),
  creation('alertmanager'),
  creation('pagerduty'),
  creation('slack'),
  creation('mail'),
])

export const channelChange = z.strictObject({
  name: label(120).optional(),
  severities: severities.optional(),
  template: template.optional(),
  enabled: z.boolean().optional(),
  /** Laid over those that there are; null takes one away. */
  settings: z.record(z.string().max(40), z.unknown()).optional(),
  /** Makes another key for a webhook; the former signs nothing more. */
  rotateKey: z.literal(true).optional(),
  /** The one that the change was made on; left out, the change is laid over whatever there is. */
  version: z.int().min(1).optional(),
  reason,
})

/** Where it leads must be allowed now; that it still is, is looked at with each message. @throws ApplicationError `bad_request` */
export function requireReachable(
  ctx: Pick<Context, 'egress'>,
  kind: ChannelKind,
  settings: Readonly<Record<string, unknown>>,
): void {
  const url =
    kind === 'mail' ? hostUrl(settings as SettingsOf<'mail'>) : (settings as { readonly url: string }).url
  const refusal = ctx.egress.refusal(url)
  if (refusal !== null)
    throw badRequest([{ path: kind === 'mail' ? '/settings/host' : '/settings/url', message: refusal }])
}

const hostUrl = ({ host, port }: SettingsOf<'mail'>): string =>
  `https://${host.includes(':') ? `[${host}]` : host}:${port}/`
