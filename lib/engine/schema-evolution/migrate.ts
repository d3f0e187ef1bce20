import { createEvolution } from './evolution.ts'
import { compileMigrationCel } from './migration-cel.ts'

const evolution = createEvolution(compileMigrationCel)

/** With the evaluator at hand, as a server has it. */
export const { document: migrateDocument, record: migrateRecord, mutation: migrateMutation } = evolution
