export function buildConsole(): Promise<symbol | undefined>
