import { choicesOf } from './choices.ts'
import type { Fields } from './field.ts'

/** The keys of the audit log. Free words are looked for in who, what, of what, and why. */
export const AUDIT_FIELDS = {
  who: {
    kind: 'text',
    meaning: 'who did it: the name as it was then, or the id',
    examples: ['who:"Ada Lovelace"', 'who:anonymous'],
  },
  kind: {
    kind: 'choice',
    choices: choicesOf<'user' | 'key' | 'device' | 'system'>({
      user: 'a person who was signed in',
      key: 'an API key',
      device: 'a device',
      system: 'the server itself, its command line, or somebody who was not signed in',
    }),
    meaning: 'what sort of who',
    examples: ['kind:user', '-kind:system'],
  },
  action: {
    kind: 'prefix',
    meaning: 'what was done; of a refusal the method and the path',
    examples: ['action:session', 'action:user.create,user.change', 'action:"POST /api/admin"'],
  },
  target: {
    kind: 'text',
    meaning: 'what it was done to; of a refusal its error code',
    examples: ['target:forbidden'],
  },
  outcome: {
    kind: 'choice',
    choices: choicesOf<'done' | 'denied'>({ done: 'it was done', denied: 'it was refused' }),
    meaning: 'whether it was done',
    examples: ['outcome:denied'],
  },
  address: { kind: 'text', meaning: 'the address that it came from', examples: ['address:192.0.2.7'] },
  at: { kind: 'time', meaning: 'when', examples: ['at:<24h', 'at:2026-11-24', 'at:2026-11-24..'] },
} as const satisfies Fields

export type AuditKey = keyof typeof AUDIT_FIELDS

/** Entries that one page looks through, newest first, where it has a filter. */
export const AUDIT_LOOK_MAX = 25_000
