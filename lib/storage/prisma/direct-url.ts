/**
 * The database for migrations: past a transaction-mode pooler when DATABASE_DIRECT_URL names it, else the same. For the
 * launchers and commands, which migrate before a server starts; the server's own is in `Env`.
 */
export const directUrlOf = (environment: Readonly<Record<string, string | undefined>>): string | undefined =>
  environment['DATABASE_DIRECT_URL'] || environment['DATABASE_URL']
