const ASK = 'Ask whoever invited you for a new link.'

/** What stands in place of the form once a link leads nowhere, and what to do then. */
export const DEAD_INVITATIONS = {
  accepted: {
    title: 'This invitation was accepted already',
    detail: 'The account is there: sign in with it. If that was not you, tell whoever invited you.',
  },
  expired: { title: 'This invitation has expired', detail: `It works for three days. ${ASK}` },
  revoked: { title: 'This invitation was taken back', detail: ASK },
  unknown: {
    title: 'This invitation does not work',
    detail: `The link was cut short, or a newer one took its place. ${ASK}`,
  },
  empty: {
    title: 'This invitation opens nothing any more',
    detail: 'What it was for is gone, or whoever invited you may not give it any more. Ask an administrator.',
  },
} as const
