/** The code that lets this device into a fleet: an enrollment key, alone or in the link that the console shows. Pure. */

const KEY = /tme_[0-9a-f-]{36}_[0-9a-f]{48}_[0-9a-f]{8}/

/** The key in what was opened, typed or pasted; null where there is none. Line breaks and blanks of a paste don't count. */
export const keyIn = (text: string): string | null => KEY.exec(text.replaceAll(/\s/g, ''))?.[0] ?? null

/** The fleet that a key is of. */
export const fleetOf = (key: string): string => key.split('_')[1] ?? ''
