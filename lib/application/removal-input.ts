import { z } from 'zod'

/** The body of a removal: why, where somebody says so. */
export const removalInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000).optional() })
