interface Coded {
  readonly code?: string | undefined
}

/** The error codes that a session met, each once: of its requests, and of changes that it set aside itself. Pure. */
export const sessionCodes = ({
  attempts,
  localRefusals = [],
}: {
  readonly attempts: readonly Coded[]
  readonly localRefusals?: readonly Coded[] | undefined
}): readonly string[] => [...new Set([...attempts, ...localRefusals].flatMap(({ code }) => code ?? []))]
