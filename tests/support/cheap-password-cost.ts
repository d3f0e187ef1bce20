/**
 * Stands for `lib/application/access/password-cost.ts` in tests over a database, which ask what sign-ins do and sign in
 * hundreds of times; what a password costs, `tests/unit/access` and all started servers hold by the real one.
 */
export const COST = { N: 2 ** 4, r: 8, p: 3 }
