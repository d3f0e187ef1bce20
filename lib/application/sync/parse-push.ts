import { hash } from 'node:crypto'
import type { IncomingMutation } from '#lib/engine/types.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { MUTATIONS_PER_PUSH_MAX, MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { unknownField, withoutNulls } from '#lib/protocol/mutation.ts'
import type { PushRequest } from '#lib/protocol/push.ts'
import { pushRequest } from '#lib/protocol/push.ts'
import { isUsualMutation } from '#lib/protocol/usual-mutation.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'

export interface ParsedPush {
  readonly request: PushRequest
  readonly incoming: readonly IncomingMutation[]
  /** SHA-256 over the ids and stamps of its mutations and `atomic`, hex: what it holds is compared where it comes again. */
  readonly requestHash: string
}

/**
 * Reads the body of a push.
 * @param texts of each mutation as it came
 * @throws ApplicationError `too_many_mutations`, `bad_request`
 */
export function parsePush(body: unknown, texts: readonly Uint8Array[] | null): ParsedPush {
  if (
    isJsonObject(body) &&
    Array.isArray(body['mutations']) &&
    body['mutations'].length > MUTATIONS_PER_PUSH_MAX
  ) {
    throw new ApplicationError('too_many_mutations')
  }
  const checked = parsedOrThrow(pushRequest, withoutUsual(body))
  // The mutations as they came: the schema's copies would leave out a key like `__proto__`, which is data here.
  const sent = (body as { mutations: readonly Mutation[] }).mutations
  const mutations = sent.map(withoutNulls)
  const asTheyCame = texts?.length === sent.length ? texts : null
  const incoming = mutations.map((mutation, i) =>
    incomingOf(mutation, mutation === sent[i] ? asTheyCame?.[i] : null),
  )
  return {
    request: { ...checked, mutations },
    incoming,
    requestHash: hashOf(mutations, checked.atomic ?? false),
  }
}

/** What the schema has still to judge: all of it, unless each mutation is as usual. */
function withoutUsual(body: unknown): unknown {
  if (!isJsonObject(body) || !Array.isArray(body['mutations'])) return body
  return body['mutations'].every(isUsualMutation) ? { ...body, mutations: [] } : body
}

/** A mutation with what only its text tells: its size, and a key that the contract doesn't name. */
export const incomingOf = (mutation: Mutation, text: Uint8Array | null = null): IncomingMutation => ({
  mutation,
  text,
  bytes: bytesOf(mutation, text),
  unknownField: unknownField(mutation),
})

/** Spaces between its parts count only where it is small enough with them. */
const bytesOf = (mutation: Mutation, text: Uint8Array | null): number =>
  text && text.length <= MUTATION_BYTES_MAX ? text.length : Buffer.byteLength(JSON.stringify(mutation))

/** A retry repeats its stamps too; a re-stamped mutation comes in a new request. */
function hashOf(mutations: readonly Mutation[], atomic: boolean): string {
  const parts = mutations.map(
    ({ id, hlc, madeAt, madeOffsetMs }) => `${id} ${hlc} ${madeAt} ${madeOffsetMs ?? ''}`,
  )
  return hash('sha256', [String(atomic), ...parts].join('\n'))
}
