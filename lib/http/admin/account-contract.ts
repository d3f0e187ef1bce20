import { z } from 'zod'
import { accountChange, identityRemoval } from '#lib/application/access/account.ts'
import { passwordChange } from '#lib/application/access/change-password.ts'
import { sessionsEnd } from '#lib/application/access/own-sessions.ts'
import { stepUpInput } from '#lib/application/access/step-up.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { listOf } from './contract-answers.ts'
import type { AdminOperation } from './operation.ts'
import { wholeQuery } from './whole-list.ts'

/** What the operator API takes and gives about the caller's own account. Times ending in `Ms` are Unix ms. */
const count = z.int().min(0)
const ms = z.int()
const account = z.object({
  id: uuid,
  email: z.string(),
  name: z.string(),
  hasPassword: z.boolean(),
  /** Sign-in providers that know this person. */
  identities: z.array(z.object({ issuer: z.string(), createdAtMs: ms })),
  provedUntilMs: ms,
  /** By the server's clock; below zero for how long it has been over. */
  provedForMs: ms,
})
const ownSession = z.object({
  id: uuid,
  createdAtMs: ms,
  lastSeenMs: ms,
  expiresAtMs: ms,
  how: z.enum(['password', 'link', 'oidc']),
  address: z.string().nullable(),
  /** What the browser called itself, cut off. */
  userAgent: z.string().nullable(),
  /** The one that asks. */
  current: z.boolean(),
})
const endedSessions = z.object({ endedSessions: count })

export const ACCOUNT_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /account': { summary: 'The account of the person who asks; a key has none', answer: account },
  'PATCH /account': { summary: 'Change what one is called by', body: accountChange, answer: account },
  'POST /account/step-up': {
    summary: 'Show again who one is, which opens dangerous acts to this session for 30 minutes',
    body: stepUpInput,
    answer: z.object({ provedUntilMs: ms }),
    codes: ['wrong_password'],
  },
  'POST /account/password': {
    summary: 'Set one’s own password; every other session of this person ends',
    body: passwordChange,
    answer: endedSessions,
    codes: ['wrong_password'],
  },
  'POST /account/identities/unlink': {
    summary: 'Forget who one is at a sign-in provider',
    body: identityRemoval,
    answer: account,
  },
  'GET /account/sessions': {
    summary: 'One’s own live sessions, used last first',
    query: wholeQuery,
    answer: listOf(ownSession),
  },
  'POST /account/sessions/end': {
    summary: 'Sign out everywhere, or everywhere else',
    body: sessionsEnd,
    bodyRequired: false,
    answer: endedSessions,
  },
  'DELETE /account/sessions/:id': {
    summary: 'Sign out one of one’s own sessions',
    answer: z.object({ id: uuid }),
  },
  'POST /users/:id/end-sessions': {
    summary: 'Sign somebody out everywhere; they can sign in again',
    answer: endedSessions,
  },
}
