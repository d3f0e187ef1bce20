type Parsed = { ok: true; value: unknown } | { ok: false; message: string }

/** What somebody typed, as JSON. Pure. */
export function parsedJson(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return {
      ok: false,
      message: `This is not JSON: ${error instanceof Error ? error.message : 'not understood'}`,
    }
  }
}
