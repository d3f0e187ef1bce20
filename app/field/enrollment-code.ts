/** The code that lets this device into a fleet: an enrollment key, alone or in the link that the console shows. Pure. */

const KEY = /tme_[0-9a-f-]{36}_[0-9a-f]{48}_[0-9a-f]{8}/

/** A short code as it is shown, or without its dashes; the server knows which fleet it is of. */
const CODE = /^[0-9A-Z]{16}$/

/** The key in what was opened, typed or pasted; null where there is none. Line breaks and blanks of a paste don't count. */
export const keyIn = (text: string): string | null => KEY.exec(text.replaceAll(/\s/g, ''))?.[0] ?? null

/** A key or a short code that was typed or pasted; null where it is neither. */
export function credentialIn(text: string): string | null {
  const typed = text.toUpperCase().replaceAll(/[\s-]/g, '')
  return keyIn(text) ?? (CODE.test(typed) ? typed : null)
}

/** The fleet that a key is of. */
export const fleetOf = (key: string): string => key.split('_')[1] ?? ''
