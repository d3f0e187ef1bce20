import { signInAgain } from './sign-in-again.ts'

/** A place that the server refused, and why. */
export type Issue = { path: string; message: string }
export type Sent =
  | { ok: true; body: unknown }
  | { ok: false; message: string; code: string; issues: readonly Issue[] }

type Method = 'POST' | 'PATCH' | 'DELETE'

/**
 * Sends one write of the console. The server's refusal comes back as a sentence; a lost connection throws. A dangerous act
 * waits for the person to show again who they are, and is then sent once more.
 */
export async function sendJson(method: Method, url: string, body: unknown): Promise<Sent> {
  const sent = await sendOnce(method, url, body)
  if (sent.ok || sent.code !== 'sign_in_again' || !(await signInAgain())) return sent
  return sendOnce(method, url, body)
}

/** The same without asking anybody. */
export async function sendOnce(method: Method, url: string, body: unknown): Promise<Sent> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  const said = parseOrNull(text)
  return answer.ok
    ? { ok: true, body: said }
    : refusal(answer.status, said, answer.headers.get('retry-after'))
}

/**
 * The sentence of a problem document (RFC 9457), with how long to wait after too many tries; an answer of another shape is
 * told by its status. Pure.
 */
export function refusal(
  status: number,
  body: unknown,
  retryAfter: string | null = null,
): Extract<Sent, { ok: false }> {
  const problem = isRecord(body) ? body : {}
  const text = (key: string): string | null => (typeof problem[key] === 'string' ? problem[key] : null)
  const errors = Array.isArray(problem['errors']) ? problem['errors'] : []
  const issues = errors.flatMap((issue: unknown): Issue[] =>
    isRecord(issue) && typeof issue['message'] === 'string'
      ? [{ path: typeof issue['path'] === 'string' ? issue['path'] : '', message: issue['message'] }]
      : [],
  )
  return {
    ok: false,
    message: `${text('detail') ?? text('title') ?? `The server answered ${status}`}${waitText(status, retryAfter)}`,
    code: text('code') ?? String(status),
    issues,
  }
}

/** Seconds of the header in words, after 429 alone. */
function waitText(status: number, retryAfter: string | null): string {
  const seconds = Number(retryAfter)
  if (status !== 429 || !(seconds > 0)) return ''
  const minutes = Math.ceil(seconds / 60)
  return `. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, then try again`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // A proxy's page instead of our answer: the status says what there is to say.
    return null
  }
}
