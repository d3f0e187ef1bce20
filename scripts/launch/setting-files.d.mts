export function readSettingFiles(environment: Record<string, string | undefined>): void
