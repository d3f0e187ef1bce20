/** The Unix milliseconds that a UUIDv7 carries. */
export const uuidv7TimeMs = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
