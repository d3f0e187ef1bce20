import { sendJson, type Sent } from '../../send-json.ts'

/** Sends one word about a breaker. */
export function useBreakerSend({ fleetId, scope }: { fleetId: string; scope: string }) {
  return (method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object): Promise<Sent> =>
    sendJson(
      method,
      `/api/admin/v1/breakers/${encodeURIComponent(scope)}${path}?fleet=${encodeURIComponent(fleetId)}`,
      body,
    )
}
