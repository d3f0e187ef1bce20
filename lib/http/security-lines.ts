/**
 * What every answer ahead of Next has besides its own headers (security check 35): none is a page, so its policy allows nothing.
 * scripts/launch/answer-security.mjs has the same for what Node refuses by itself; a test holds the two together.
 */
export const ANSWER_SECURITY: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
}

/** Names and values in turn. */
export const SECURITY_LINES: readonly string[] = Object.entries(ANSWER_SECURITY).flat()
