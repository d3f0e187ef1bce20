/** The query of a page as Next passes it. */
export type Query = Promise<Readonly<Record<string, string | string[] | undefined>>>

/** One parameter as text; the first when it came twice. */
export async function param(query: Query, name: string): Promise<string | null> {
  const value = (await query)[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}

const PROBLEMS: Readonly<Record<string, string>> = {
  credentials: 'This e-mail and password do not match an account.',
  link: 'This link was used already or has expired. Make a new one, or sign in with your password.',
  rate_limited: 'Too many tries. Wait a quarter of an hour, then try again.',
  gone: 'This link was used already or has expired.',
  shed: 'Too many do the same just now. Try again in a moment.',
  bad_request: 'Check the e-mail and the password: at least 15 characters, and not a common one.',
}

/** What a redirect said went wrong, in words; null when nothing did. */
export function problemText(code: string | null): string | null {
  if (code === null) return null
  return Object.hasOwn(PROBLEMS, code) ? (PROBLEMS[code] ?? null) : 'That did not work. Please try again.'
}
