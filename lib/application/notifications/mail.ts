import { createTransport } from 'nodemailer'
import type { Egress } from '../egress/post-json.ts'
import type { SettingsOf } from './channel-settings.ts'
import type { Message } from './message.ts'

/** How a receiver answered, before it is judged. */
export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly text: string
      readonly retryAfter: string | null
    }
  | { readonly kind: 'failed'; readonly text: string; readonly isForGood: boolean }

interface Sending {
  readonly egress: Egress
  readonly timeoutMs: number
}

/**
 * One mail to all of a channel's addresses, in the thread of its notification. The server's name is resolved and judged
 * by the egress, and the connection goes to that address; the certificate must be that of the name (security.md, 40).
 */
export async function sendMail(
  message: Message,
  { host, port, tls, from, to, user, password }: SettingsOf<'mail'>,
  { egress, timeoutMs }: Sending,
): Promise<Answer> {
  const place = await egress.placeOf({ host, port }, timeoutMs)
  if (!place.ok) return { kind: 'failed', text: place.error, isForGood: false }
  if (tls === 'none' && !place.value.isNamed)
    return {
      kind: 'failed',
      text: `${host} is not on the allowlist: it is not spoken to in the clear`,
      isForGood: true,
    }
  const transport = createTransport({
    host: place.value.address,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: { servername: host },
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const thread = `<tidemark.${message.key}@${domainOf(from)}>`
  try {
    const { response } = await transport.sendMail({
      from: { name: 'Tidemark', address: from },
      to: [...to],
      subject: oneLine(message.title),
      text: message.body,
      messageId: message.isFirst ? thread : `<tidemark.${message.key}.${message.seq}@${domainOf(from)}>`,
      ...(message.isFirst ? {} : { inReplyTo: thread, references: thread }),
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Tidemark-Notification': message.key },
    })
    return { kind: 'answered', status: 250, text: response, retryAfter: null }
  } catch (error) {
    return failureOf(error)
  } finally {
    transport.close()
  }
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** SMTP tells by the first digit whether a repeat will do (RFC 5321, 4.2.1). */
function failureOf(error: unknown): Answer {
  const { responseCode, response, message } = error as {
    readonly responseCode?: number
    readonly response?: string
    readonly message?: string
  }
  if (responseCode !== undefined && responseCode >= 400)
    return { kind: 'answered', status: responseCode, text: response ?? message ?? '', retryAfter: null }
  return { kind: 'failed', text: message ?? String(error), isForGood: false }
}
