/**
 * For a program that goes on for long: what it logs where nobody reads any more, or where there is no room, is lost, and that is
 * all. Without a listener each such line is an uncaught exception, which Next logs in turn, and so without end.
 */
export function outliveLog() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}
