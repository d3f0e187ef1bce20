import type { z } from 'zod'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'

/** What one row of the route table takes and gives, beside its role. */
export interface AdminOperation {
  readonly summary: string
  /** Parameters of the URL beside `fleet`. */
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** False where a call without a body is one as well. */
  readonly bodyRequired?: boolean
  readonly answer: z.ZodType | 'events' | 'file'
  /** It can be had as Markdown too. */
  readonly markdown?: true
  /** Beside those that every operation has. */
  readonly codes?: readonly ErrorCode[]
}
