import type { z } from 'zod'
import { passwordProblem } from './password.ts'

interface Named {
  readonly email: string
  readonly name?: string | undefined
  readonly password?: string | undefined
}

/** A check of an input that makes somebody with a password: it must not be what they are called (security check 10). */
export function requireNotOwnName({ email, name, password }: Named, check: z.RefinementCtx): void {
  const problem = password === undefined ? null : passwordProblem(password, [email, ...(name ? [name] : [])])
  if (problem !== null) check.addIssue({ code: 'custom', path: ['password'], message: problem })
}
