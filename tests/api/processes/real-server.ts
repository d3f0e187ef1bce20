import type { Program } from '../../e2e/support/programs.ts'
import { startProgram } from '../../e2e/support/programs.ts'
import { SERVER_NODE_OPTIONS } from '../../../scripts/launch/server-options.mjs'
import { SECRET } from './servers.ts'

/** The program that a container runs, pages and all, on a port that it is told. It needs a build of the console. */
export const startRealServer = (
  databaseUrl: string,
  port: number,
  settings: Readonly<Record<string, string>> = {},
): Program =>
  startProgram([...SERVER_NODE_OPTIONS, 'scripts/server.mjs'], {
    ...process.env,
    NODE_ENV: 'production',
    VITEST: undefined,
    DATABASE_URL: databaseUrl,
    DATABASE_DIRECT_URL: databaseUrl,
    TIDEMARK_SECRET: SECRET,
    TIDEMARK_URL: '',
    PORT: String(port),
    ...settings,
  })
