/** As lib/http/security-lines.ts has them, and nosniff: of answers that are no page. */
export const ANSWER_SECURITY = {
  'content-security-policy': `default-src 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
}
