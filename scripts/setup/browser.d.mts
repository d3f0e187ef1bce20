/** The Chromium of TIDEMARK_CHROMIUM or of the PATH; null: Playwright's own. */
export function findChromium(): string | null
