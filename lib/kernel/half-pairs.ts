const HALF_PAIR = /\p{Cs}/gu

/** Whether a text has half a surrogate pair, as cutting one through an emoji leaves it. No UTF-8 holds that, and so no page. Pure. */
export const hasHalfPair = (text: string): boolean => text.search(HALF_PAIR) >= 0

/** The text with U+FFFD in the place of each half of a surrogate pair, which is what UTF-8 makes of it. Pure. */
export const withoutHalfPairs = (text: string): string => text.replace(HALF_PAIR, '\ufffd')
