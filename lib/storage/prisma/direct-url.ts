/**
 * The database for migrations: past a transaction-mode pooler when DATABASE_DIRECT_URL names it, else the same.
 * The one reader of that variable. It is not part of the server's `Env`: only the launchers and commands, which
 * migrate before a server starts, need a session of their own.
 */
export const directUrlOf = (environment: Readonly<Record<string, string | undefined>>): string | undefined =>
  environment['DATABASE_DIRECT_URL'] || environment['DATABASE_URL']
