import { yjsText } from '../crdt/text-yjs.ts'
import { createEvolution } from './evolution.ts'
import { compileMigrationCel } from './migration-cel.ts'

const evolution = createEvolution(compileMigrationCel, () => yjsText)

/** With the evaluator and the text engine at hand, as a server has them. */
export const { document: migrateDocument, record: migrateRecord, mutation: migrateMutation } = evolution
