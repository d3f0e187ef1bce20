'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { showToast } from '#components/ui/toast.tsx'
import type { ChannelKind } from '#lib/protocol/notice.ts'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { ChannelFields, type ChannelNow } from './channel-form.tsx'
import { commonOf, settingsOf } from './channel-fields.ts'
import { CHANNELS_PATH, channelsUrl } from './channel-links.ts'
import { signingKeyShown } from './signing-key-shown.tsx'

export type ChannelActsProps = {
  id: string
  kind: ChannelKind
  version: number
  enabled: boolean
  now: ChannelNow
  query: string
}

/** Changes a channel, turns it on or off, gives it another key, or removes it: for administrators. */
export function ChannelActs(props: ChannelActsProps) {
  const { id, kind, version, enabled, now } = props
  const url = channelsUrl(`/${id}`)
  return (
    <>
      <FormDialog
        trigger={<Button>Change…</Button>}
        title={`Change ${now.name}`}
        about="What was given up on it is tried again. Where it leads elsewhere, its secrets have to be given again."
        submitLabel="Save"
        done="The channel is changed"
        send={(form) =>
          sendJson('PATCH', url, { ...commonOf(form), settings: settingsOf(kind, form, true), version })
        }
      >
        <ChannelFields kind={kind} now={now} />
      </FormDialog>
      {kind === 'webhook' ? (
        <FormDialog
          trigger={<Button>New signing key…</Button>}
          title={`Another signing key for ${now.name}?`}
          about="The former signs nothing more from now on: the receiver has to know the new one."
          submitLabel="Make the key"
          done="The key is made"
          show={signingKeyShown}
          send={() => sendJson('PATCH', url, { rotateKey: true, version })}
        >
          {null}
        </FormDialog>
      ) : null}
      <Switch url={url} version={version} enabled={enabled} name={now.name} />
      <Remove url={url} name={now.name} query={props.query} />
    </>
  )
}

function Switch({
  url,
  version,
  enabled,
  name,
}: {
  url: string
  version: number
  enabled: boolean
  name: string
}) {
  const router = useRouter()
  return (
    <ConfirmDialog
      trigger={<Button>{enabled ? 'Turn off…' : 'Turn on…'}</Button>}
      title={enabled ? `Turn ${name} off?` : `Turn ${name} on?`}
      reason="required"
      confirmLabel={enabled ? 'Turn it off' : 'Turn it on'}
      onConfirm={async ({ reason }) => {
        const sent = await sendJson('PATCH', url, { enabled: !enabled, version, reason })
        if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
        showToast({ kind: 'ok', text: enabled ? 'The channel is off' : 'The channel is on' })
        router.refresh()
        return { ok: true }
      }}
    >
      {enabled ? 'Nobody is told on it until it is on again.' : 'It is told how things stand now.'}
    </ConfirmDialog>
  )
}

function Remove({ url, name, query }: { url: string; name: string; query: string }) {
  const router = useRouter()
  return (
    <ConfirmDialog
      trigger={<Button tone="quiet danger">Remove…</Button>}
      title={`Remove ${name} with its log?`}
      reason="required"
      reasonHint="Who is told instead?"
      confirmLabel="Remove it"
      danger
      onConfirm={async ({ reason }) => {
        const sent = await sendJson('DELETE', url, { reason })
        if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
        showToast({ kind: 'ok', text: 'The channel is removed' })
        router.push(carryShared(CHANNELS_PATH, query))
        return { ok: true }
      }}
    >
      Nothing more is told there, not even that what it was told of has ended.
    </ConfirmDialog>
  )
}
