import { once } from 'node:events'
import { connect, isIP } from 'node:net'
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
  /** For the server's address, and again for all that is said to it. */
  readonly timeoutMs: number
}

/**
 * One mail to all of a channel's addresses, in the thread of its notification. The server's name is resolved and judged
 * by the egress, and the connection goes to that address; the certificate must be that of the name (security check 40).
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
  // The library's own limits are of each answer: a server that takes its time with every one of twenty addresses would hold
  // the try until another process sends the same, again and again.
  const deadline = AbortSignal.timeout(timeoutMs)
  const connection = connect({ host: place.value.address, port, signal: deadline })
  // The library listens too, but neither yet nor to the end.
  connection.on('error', () => undefined)
  const transport = createTransport({
    connection,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(isIP(host) === 0 && { tls: { servername: host } }),
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const thread = `<tidemark.${message.key}@${domainOf(from)}>`
  try {
    await once(connection, 'connect')
    const taken: Taken = await transport.sendMail({
      from: { name: 'Tidemark', address: from },
      to: [...to],
      subject: oneLine(message.title),
      text: message.body,
      messageId: message.isFirst ? thread : `<tidemark.${message.key}.${message.seq}@${domainOf(from)}>`,
      ...(message.isFirst ? {} : { inReplyTo: thread, references: thread }),
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Tidemark-Notification': message.key },
    })
    return { kind: 'answered', status: 250, text: takenText(taken), retryAfter: null }
  } catch (error) {
    if (deadline.aborted) return { kind: 'failed', text: `not done within ${timeoutMs} ms`, isForGood: false }
    return failureOf(error)
  } finally {
    transport.close()
    connection.destroy()
  }
}

/** What the library tells, and its types leave out. */
interface Taken {
  readonly response: string
  readonly rejectedErrors?: readonly { readonly recipient?: string; readonly response?: string }[]
}

/** The mail is on its way to the others: sent again it would ring there twice, so whom it doesn't reach stands in the log. */
function takenText({ response, rejectedErrors = [] }: Taken): string {
  const refused = rejectedErrors.map(({ recipient, response: words }) => `${recipient}: ${words}`)
  return refused.length === 0 ? response : `not taken for ${refused.join('; ')}. For the others: ${response}`
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
