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
  oidc: 'The sign-in provider did not vouch for you, or for an e-mail that was invited here. Ask an administrator.',
  provider_unavailable: 'The sign-in provider does not answer. Try again in a minute, or use your password.',
  rate_limited: 'Too many tries. Wait a quarter of an hour, then try again.',
  gone: 'This link was used already or has expired.',
  shed: 'Too many do the same just now. Try again in a moment.',
  weak_password: 'Check the password: at least 15 characters, and not a common one.',
  bad_request: 'Check the e-mail and the password: at least 15 characters, and not a common one.',
}

/** As long as the lock-out lasts at most. */
const MINUTES_MAX = 15

/**
 * What a redirect said went wrong, in words; null when nothing did.
 * @param minutes to wait where there were too many tries
 */
export function problemText(code: string | null, minutes = MINUTES_MAX): string | null {
  if (code === null) return null
  if (code === 'rate_limited') {
    const told = Number.isInteger(minutes) && minutes > 0 && minutes <= MINUTES_MAX ? minutes : MINUTES_MAX
    return `Too many tries. Wait ${told === 1 ? 'a minute' : `${told} minutes`}, then try again.`
  }
  return Object.hasOwn(PROBLEMS, code) ? (PROBLEMS[code] ?? null) : 'That did not work. Please try again.'
}
