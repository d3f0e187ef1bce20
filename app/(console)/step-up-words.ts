import { formatDuration } from '#components/ui/format.ts'

/**
 * What the dialog says above its field: what is asked for, when the last proof ended, and how long a new one lasts. Pure.
 * @param provedForMs of the session as the server counted it: what this machine's clock says does not matter
 */
export function stepUpWords(provedForMs: number): string {
  const ended = provedForMs < 0 ? `; yours ended ${formatDuration(-provedForMs)} ago` : ''
  return `This takes a sign-in of the last 30 minutes${ended}. Once you have shown who you are, such acts are open in this browser for 30 minutes. What you were doing waits, and goes on by itself.`
}
