import { hash } from 'node:crypto'

/** As the database keys a credential. */
export const tokenHash = (token: string): string => hash('sha256', token)
