import { addressIn } from '../address-in.ts'

/** The address that a request came from. */
export const clientAddress = (headers: Headers): string | null => addressIn(headers)
