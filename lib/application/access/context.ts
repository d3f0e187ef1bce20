import type { Surroundings } from '#lib/application/context.ts'

/** What the verbs of access need of the composed application. */
export type AccessContext = Pick<Surroundings, 'storage' | 'clock' | 'ids' | 'log'>
