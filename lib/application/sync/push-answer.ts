import { resultText } from '#lib/engine/result-text.ts'
import type { KnownMutation } from '#lib/engine/types.ts'
import { assert } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult, PushResponse } from '#lib/protocol/push.ts'

/** A stored response: null stands for a result that the log has. */
export interface StoredAnswer extends Omit<PushResponse, 'results'> {
  readonly results: readonly (MutationResult | null)[]
}

/** What the log keeps word for word, longer than any response, and what nothing changes later (decision 0039). */
const LOGGED: ReadonlySet<MutationResult['status']> = new Set(['applied', 'merged', 'superseded'])

/** The text of an answer, and what is kept of it to give it again. */
export function answerTexts(
  about: Omit<PushResponse, 'results'>,
  results: readonly MutationResult[],
): { readonly body: string; readonly stored: string } {
  const start = `${JSON.stringify(about).slice(0, -1)},"results":[`
  const told = results.map(resultText)
  const kept = told.map((text, i) => (LOGGED.has((results[i] as MutationResult).status) ? 'null' : text))
  return { body: `${start}${told.join(',')}]}`, stored: `${start}${kept.join(',')}]}` }
}

/** The answer that was given to these mutations, byte for byte. */
export function answerAgain(
  stored: string,
  mutations: readonly Pick<Mutation, 'id'>[],
  known: ReadonlyMap<string, KnownMutation>,
): string {
  const { results, ...about } = JSON.parse(stored) as StoredAnswer
  const told = results.map((result, i) => result ?? known.get(mutations[i]?.id ?? '')?.result)
  return answerTexts(
    about,
    told.map((result) => {
      assert(result, 'the log keeps a mutation longer than its response')
      return result
    }),
  ).body
}
