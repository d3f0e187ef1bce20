import { ApplicationError } from '../errors.ts'
import type { Refusal } from './breakers.ts'

/** 503 `breaker_open` with the scope and when to come back. */
export const breakerOpen = ({ scope, retryAfterMs }: Refusal): ApplicationError =>
  new ApplicationError('breaker_open', { extra: { scope }, retryAfterMs })
