export const ANSWER_SECURITY: Readonly<Record<string, string>>
