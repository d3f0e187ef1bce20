'use client'
import { Button } from '#components/ui/button.tsx'
import { CopyText } from '#components/ui/copy-text.tsx'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson } from '../send-json.ts'

/** As `npm run demo` has them. */
const DEVICES = 40
const KEY_LIFE_MS = 3_600_000

/** Makes what the demo fleet works on, and says how to start it. */
export function DemoFleet({
  fleetId,
  origin,
  missing,
}: {
  fleetId: string
  origin: string
  /** The demo’s collections that this fleet does not have, as the API takes them. */
  missing: readonly { readonly name: string }[]
}) {
  const query = `?fleet=${encodeURIComponent(fleetId)}`
  return (
    <FormDialog
      trigger={<Button>Demo fleet…</Button>}
      title={`Let a demo fleet of ${DEVICES} devices in?`}
      about={
        missing.length === 0
          ? 'It gets a key of its own, which ends in an hour. Its devices stay in this fleet until they are revoked.'
          : `It gets the collections ${missing.map(({ name }) => name).join(' and ')}, and a key of its own, which ends in an hour. Its devices stay in this fleet until they are revoked.`
      }
      submitLabel="Make them"
      done="The demo fleet can be started"
      show={(answer) => (
        <>
          <CopyText
            label="The command that starts it"
            text={`npm run fleet -- --url ${origin} --enrollment-key ${(answer as { key: string }).key} --devices ${DEVICES} --profile release`}
          />
          <p>Run it in the checkout of Tidemark. Copy it now: its key is not shown again.</p>
        </>
      )}
      send={async () => {
        for (const collection of missing) {
          const made = await sendJson('POST', `/api/admin/v1/collections${query}`, collection)
          // Somebody else made it meanwhile: it is there.
          if (!made.ok && made.code !== 'already_exists') return made
        }
        return sendJson('POST', `/api/admin/v1/enrollment-keys${query}`, {
          name: 'demo fleet',
          expiresAtMs: Date.now() + KEY_LIFE_MS,
          maxDevices: DEVICES,
        })
      }}
    >
      {null}
    </FormDialog>
  )
}
