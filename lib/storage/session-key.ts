/** What a session and its event have in common, where another device names the same session. */
export const sessionKey = (row: { readonly sessionId: string; readonly deviceId: string }): string =>
  `${row.deviceId}/${row.sessionId}`
