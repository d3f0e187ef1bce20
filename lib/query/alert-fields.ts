import type { Severity } from '#lib/protocol/notice.ts'
import { choicesOf, versionField } from './choices.ts'
import type { Field, Fields } from './field.ts'

const SEVERITY_FIELD = {
  kind: 'choice',
  choices: choicesOf<Severity>({
    info: 'can wait',
    warning: 'is looked at within the day',
    critical: 'wakes people',
  }),
  meaning: 'how bad it is',
  examples: ['severity:critical'],
} as const satisfies Field
const RULE_FIELD = {
  kind: 'text',
  meaning: 'a rule by its name',
  examples: ['rule:dead-letters-growing'],
} as const satisfies Field
const FAMILY_FIELD = {
  kind: 'text',
  meaning: 'the family of its rules',
  examples: ['family:sync'],
} as const satisfies Field

/** The keys of the list of incidents. Free words are looked for in name, title, cause and owner. */
export const INCIDENT_FIELDS = {
  name: { kind: 'text', meaning: 'an incident by its name', examples: ['name:INC-207'] },
  state: {
    kind: 'choice',
    choices: choicesOf<'open' | 'resolved'>({ open: 'something fires', resolved: 'nothing fires any more' }),
    meaning: 'whether it is over',
    examples: ['state:open'],
  },
  severity: SEVERITY_FIELD,
  rule: RULE_FIELD,
  family: FAMILY_FIELD,
  collection: { kind: 'text', meaning: 'the collection that it is about', examples: ['collection:reports'] },
  version: versionField('the app version that it is about'),
  owner: { kind: 'name', meaning: 'who has it', examples: ['owner:"day ops"'] },
  has: {
    kind: 'choice',
    choices: choicesOf<'ack' | 'owner' | 'told' | 'cause'>({
      ack: 'somebody took it on',
      owner: 'somebody has it',
      told: 'somebody was told of it',
      cause: 'something stands out in it',
    }),
    meaning: 'what there is of it',
    examples: ['-has:ack'],
  },
} as const satisfies Fields
export type IncidentKey = keyof typeof INCIDENT_FIELDS

/** The keys of the list of rules. Free words are looked for in name and title. */
export const RULE_FIELDS = {
  severity: SEVERITY_FIELD,
  family: FAMILY_FIELD,
  rule: RULE_FIELD,
  origin: {
    kind: 'choice',
    choices: choicesOf<'shipped' | 'changed' | 'own'>({
      shipped: 'as every fleet has it',
      changed: 'shipped, and changed here',
      own: 'of this fleet alone',
    }),
    meaning: 'where it comes from',
    examples: ['origin:changed,own'],
  },
  is: {
    kind: 'choice',
    choices: choicesOf<'on' | 'off' | 'firing' | 'pending' | 'no_data'>({
      on: 'it is evaluated',
      off: 'it is not',
      firing: 'it fires',
      pending: 'its bound is passed, not for long enough',
      no_data: 'its figure is not known',
    }),
    meaning: 'how it stands',
    examples: ['is:firing', 'is:off'],
  },
} as const satisfies Fields
export type RuleKey = keyof typeof RULE_FIELDS

/** The keys of the list of silences. Free words are looked for in comment and author. */
export const SILENCE_FIELDS = {
  phase: {
    kind: 'choice',
    choices: choicesOf<'ahead' | 'active' | 'over'>({
      ahead: 'a maintenance that is yet to come',
      active: 'it holds now',
      over: 'it is past',
    }),
    meaning: 'where it is in its time',
    examples: ['phase:active'],
  },
  by: { kind: 'name', meaning: 'who made it', examples: ['by:Ada'] },
} as const satisfies Fields
export type SilenceKey = keyof typeof SILENCE_FIELDS
