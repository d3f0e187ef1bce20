import { z } from 'zod'
import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { ChannelKind } from '#lib/protocol/notice.ts'
import type { Channel } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { seal, unseal } from './seal.ts'

const url = z.string().min(1).max(2_000)
const secretText = z.string().min(1).max(2_000)
/** Header values and SMTP commands hold no line of their own. */
const oneLine = secretText.refine((text) => !/[\r\n]/.test(text), 'must be one line')
const address = z.email().max(254)
export const MAIL_TO_MAX = 20

export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue'

/** What each kind is set up with, its secrets among it. */
export const SETTINGS = {
  webhook: z.strictObject({ url }),
  alertmanager: z.strictObject({
    /** Base URL: `/api/v2/alerts` is added. */
    url,
    /** The whole header: `Bearer …` or `Basic …`. */
    authorization: oneLine.optional(),
  }),
  pagerduty: z.strictObject({
    routingKey: oneLine.max(100),
    url: url.default(PAGERDUTY_URL),
  }),
  slack: z.strictObject({ url }),
  mail: z.strictObject({
    host: z.string().regex(/^[a-z0-9.:-]{1,253}$/i, 'must be a host name or an address'),
    port: z.int().min(1).max(65_535).default(587),
    /** `starttls` is refused to go on in the clear; `none` is for hosts on the operator's allowlist. */
    tls: z.enum(['starttls', 'implicit', 'none']).default('starttls'),
    from: address,
    to: z.array(address).min(1).max(MAIL_TO_MAX),
    user: oneLine.max(254).optional(),
    password: oneLine.optional(),
  }),
} as const satisfies Record<ChannelKind, z.ZodObject>

export type SettingsOf<K extends ChannelKind> = z.output<(typeof SETTINGS)[K]>

/** Which of them are never shown again. An incoming webhook's URL is all that it takes to write there. */
export const SECRET_NAMES: Readonly<Record<ChannelKind, readonly string[]>> = {
  webhook: [],
  alertmanager: ['authorization'],
  pagerduty: ['routingKey'],
  slack: ['url'],
  mail: ['password'],
}

/** Where its messages go: secrets that are kept must not go elsewhere. */
export const PLACE_NAMES: Readonly<Record<ChannelKind, readonly string[]>> = {
  webhook: ['url'],
  alertmanager: ['url'],
  pagerduty: ['url'],
  slack: [],
  mail: ['host', 'port', 'tls', 'user'],
}

/** Settings cut in two: what may be shown, and what is sealed. */
export function cutSettings(
  ctx: Pick<Context, 'secret'>,
  { id, kind }: Pick<Channel, 'id' | 'kind'>,
  settings: Readonly<Record<string, unknown>>,
): Pick<Channel, 'settings' | 'sealed'> {
  const isSecret = (name: string): boolean => SECRET_NAMES[kind].includes(name)
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined)
  const secrets = entries.filter(([name]) => isSecret(name))
  return {
    settings: Object.fromEntries(entries.filter(([name]) => !isSecret(name))) as Channel['settings'],
    sealed: secrets.length === 0 ? null : seal(ctx.secret, id, JSON.stringify(Object.fromEntries(secrets))),
  }
}

/** Settings whole again; an error where the secrets don't open. */
export function wholeSettings(
  ctx: Pick<Context, 'secret'>,
  { id, settings, sealed }: Channel,
): Result<Readonly<Record<string, unknown>>, string> {
  if (sealed === null) return ok(settings)
  const opened = unseal(ctx.secret, id, sealed)
  if (!opened.ok) return opened
  return ok({ ...settings, ...(JSON.parse(opened.value) as Record<string, unknown>) })
}
