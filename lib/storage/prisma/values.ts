/** Conversions between rows and the ports: times are `timestamptz(3)` there and Unix milliseconds here. */
export const ms = (date: Date): number => date.getTime()
export const msOrNull = (date: Date | null): number | null => date?.getTime() ?? null
export const at = (unixMs: number): Date => new Date(unixMs)
export const atOrNull = (unixMs: number | null): Date | null => (unixMs === null ? null : new Date(unixMs))

/** JSON as text, for one `json` parameter; null is SQL's NULL. */
export const jsonText = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))

/** A column of JSON text: what each push writes is not parsed once more by PostgreSQL to be checked (decision 0033). */
export const parsedJson = <T>(text: string | null): T => JSON.parse(text ?? 'null') as T

/**
 * The one place where a stored JSON value gets its type back: it was written from that type by this module's
 * counterpart, and json columns keep every byte.
 */
export const fromJson = <T>(value: unknown): T => value as T
