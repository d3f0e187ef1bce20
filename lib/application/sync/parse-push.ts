import { hash } from 'node:crypto'
import { payloadText } from '#lib/engine/payload.ts'
import type { IncomingMutation } from '#lib/engine/types.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { MUTATIONS_PER_PUSH_MAX } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { unknownField } from '#lib/protocol/mutation.ts'
import type { PushRequest } from '#lib/protocol/push.ts'
import { pushRequest } from '#lib/protocol/push.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'

export interface ParsedPush {
  readonly request: PushRequest
  readonly incoming: readonly IncomingMutation[]
  /** SHA-256 over mutations and `atomic`, hex. */
  readonly requestHash: string
}

/**
 * Reads the body of a push (protocol.md, push).
 * @throws ApplicationError `too_many_mutations`, `bad_request`
 */
export function parsePush(body: unknown): ParsedPush {
  if (
    isJsonObject(body) &&
    Array.isArray(body['mutations']) &&
    body['mutations'].length > MUTATIONS_PER_PUSH_MAX
  ) {
    throw new ApplicationError('too_many_mutations')
  }
  const checked = parsedOrThrow(pushRequest.safeParse(body))
  // The mutations as they came: the schema's copies would leave out a key like `__proto__`, which is data here.
  const mutations = (body as { mutations: readonly Mutation[] }).mutations
  const incoming = mutations.map(incomingOf)
  return {
    request: { ...checked, mutations },
    incoming,
    requestHash: hashOf(incoming, checked.atomic ?? false),
  }
}

/** A mutation with what only its text tells: payload hash (ID4), size, and a key that the contract doesn't name. */
export function incomingOf(mutation: Mutation): IncomingMutation {
  const payload = payloadText(mutation)
  return {
    mutation,
    payloadHash: hash('sha256', payload),
    bytes: Buffer.byteLength(payload),
    unknownField: unknownField(mutation),
  }
}

/** A retry repeats its stamps too; a re-stamped mutation comes in a new request. */
function hashOf(incoming: readonly IncomingMutation[], atomic: boolean): string {
  const parts = incoming.map(
    ({ mutation, payloadHash }) =>
      `${payloadHash} ${mutation.hlc} ${mutation.madeAt} ${mutation.madeOffsetMs ?? ''}`,
  )
  return hash('sha256', [String(atomic), ...parts].join('\n'))
}
