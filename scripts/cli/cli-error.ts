/** A mistake of the person at the terminal: its message is all that they see. */
export class CliError extends Error {}
