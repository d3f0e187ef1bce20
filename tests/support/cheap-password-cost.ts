/**
 * Stands for `lib/application/access/password-cost.ts` in tests over a database and of sign-ins, which sign in hundreds
 * of times and ask what comes of it; what a password costs, `tests/unit/access` and all started servers hold by the real one.
 */
export const COST = { N: 2 ** 4, r: 8, p: 3 }
