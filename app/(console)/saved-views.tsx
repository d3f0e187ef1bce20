'use client'
import { useRouter, useSearchParams } from 'next/navigation'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { DialogFrame } from '#components/ui/dialog-frame.tsx'
import { CheckField, TextField } from '#components/ui/field.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Menu, type MenuGroup } from '#components/ui/menu.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from './form-dialog.tsx'
import { SendForm } from './send-form.tsx'
import { sendJson } from './send-json.ts'
import { fieldText } from './settings/field-text.ts'
import { isShown, paramsOf, viewHref, type ShownView } from './view-words.ts'

export type SavedViewsProps = {
  page: 'sessions' | 'devices' | 'conflicts' | 'dead-letters'
  fleetId: string
  views: readonly ShownView[]
  /** Sharing changes what others see. */
  mayShare: boolean
}

/** The addresses that are kept under a name: open one, keep this one, rename and delete. */
export function SavedViews({ page, fleetId, views, mayShare }: SavedViewsProps) {
  // Also beside one thing of the list, where a view leads back to the list.
  const path = `/${page}`
  const query = useSearchParams().toString()
  const opener = useRef<HTMLButtonElement>(null)
  const [asked, setAsked] = useState<'save' | 'order' | null>(null)
  const entry = (view: ShownView) => ({
    key: view.id,
    label: view.name,
    checked: isShown(query, view),
    href: viewHref(path, query, view),
  })
  const own = views.filter(({ shared }) => !shared)
  const shared = views.filter((view) => view.shared)
  const groups: MenuGroup[] = [
    { key: 'own', title: 'Your own', items: own.map(entry) },
    {
      key: 'shared',
      title: 'Shared with the fleet',
      items: shared.map((view) => ({ ...entry(view), note: view.ownerName })),
    },
    {
      key: 'acts',
      items: [
        { key: 'save', label: 'Save this view…', onSelect: () => setAsked('save') },
        ...(views.some(({ mayChange }) => mayChange)
          ? [{ key: 'order', label: 'Rename or delete…', onSelect: () => setAsked('order') }]
          : []),
      ],
    },
  ]
  const close = (): void => {
    setAsked(null)
    opener.current?.focus()
  }
  const current = views.find((view) => isShown(query, view))
  return (
    <>
      <Menu
        trigger={
          <Button ref={opener}>
            {current?.name ?? 'Views'}
            <Icon name="down" />
          </Button>
        }
        label="Saved views"
        align="start"
        groups={groups.filter(({ items }) => items.length > 0)}
      />
      {asked === 'save' ? (
        <SaveView page={page} fleetId={fleetId} query={query} mayShare={mayShare} onClosed={close} />
      ) : null}
      {asked === 'order' ? (
        <OrderViews fleetId={fleetId} views={views.filter(({ mayChange }) => mayChange)} onClosed={close} />
      ) : null}
    </>
  )
}

function SaveView({
  page,
  fleetId,
  query,
  mayShare,
  onClosed,
}: Omit<SavedViewsProps, 'views'> & { query: string; onClosed: () => void }) {
  return (
    <FormDialog
      title="Save this view"
      about="Its search, its range and its order come back with one press; a range up to now stays up to now."
      submitLabel="Save view"
      done="The view is saved"
      onClosed={onClosed}
      send={(form) =>
        sendJson('POST', `/api/admin/v1/views?fleet=${encodeURIComponent(fleetId)}`, {
          page,
          name: fieldText(form, 'name'),
          params: paramsOf(query),
          shared: form.get('shared') !== null,
        })
      }
    >
      <TextField label="Name" name="name" maxLength={80} required placeholder="Failed on iOS" />
      {mayShare ? <CheckField label="Share it with everyone in the fleet" name="shared" /> : null}
    </FormDialog>
  )
}

function OrderViews({
  fleetId,
  views,
  onClosed,
}: {
  fleetId: string
  views: readonly ShownView[]
  onClosed: () => void
}) {
  const router = useRouter()
  const url = (id: string): string => `/api/admin/v1/views/${id}?fleet=${encodeURIComponent(fleetId)}`
  return (
    <DialogFrame
      title="Rename or delete views"
      about="A shared one changes for everyone in the fleet."
      open
      onOpenChange={(open) => (open ? undefined : onClosed())}
    >
      {views.map(({ id, name, shared }) => (
        <div className="view-row" key={id}>
          <SendForm
            submitLabel="Rename"
            done="The view is renamed"
            primary={false}
            send={(form) => sendJson('PATCH', url(id), { name: fieldText(form, 'name') })}
            beside={
              <ConfirmDialog
                trigger={
                  <Button tone="quiet danger" aria-label={`Delete ${name}`}>
                    Delete…
                  </Button>
                }
                title={`Delete the view ${name}?`}
                reason="none"
                confirmLabel="Delete"
                keepLabel="Keep it"
                danger
                onConfirm={async () => {
                  const sent = await sendJson('DELETE', url(id), {})
                  if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
                  showToast({ kind: 'ok', text: 'The view is deleted' })
                  router.refresh()
                  return { ok: true }
                }}
              >
                {shared ? 'It goes for everyone in the fleet.' : 'Only you see it.'} What it shows stays.
              </ConfirmDialog>
            }
          >
            <TextField
              label={shared ? 'Shared with the fleet' : 'Your own'}
              name="name"
              defaultValue={name}
              maxLength={80}
              required
            />
          </SendForm>
        </div>
      ))}
    </DialogFrame>
  )
}
