'use client'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Menu, type MenuItem } from '#components/ui/menu.tsx'
import type { ShownDevice } from '#lib/application/devices/get-device.ts'
import { ActDialog } from './act-dialog.tsx'
import { ACT_WORDS, actsFor, type Act } from './command-words.ts'

export type DeviceActionsProps = {
  id: string
  fleetId: string
  name: string
  status: ShownDevice['status']
  /** Of another engine: it can be told nothing, and its telemetry can be ended. */
  isForeign: boolean
}

/** What an operator can tell a device, each with a reason. */
export function DeviceActions({ id, fleetId, name, status, isForeign }: DeviceActionsProps) {
  const opener = useRef<HTMLButtonElement>(null)
  const [asked, setAsked] = useState<Act | null>(null)
  const acts = actsFor(status).filter((act) => !isForeign || act === 'revoke')
  if (acts.length === 0) return null

  const item = (act: Act): MenuItem => ({
    key: act,
    label: `${ACT_WORDS[act].label}…`,
    ...(ACT_WORDS[act].danger === true ? { tone: 'danger' as const } : {}),
    onSelect: () => setAsked(act),
  })
  const plain = acts.filter((act) => act !== 'revoke').map(item)
  const groups = [
    ...(plain.length === 0 ? [] : [{ key: 'plain', items: plain }]),
    { key: 'danger', items: [item('revoke')] },
  ]
  const close = (): void => {
    setAsked(null)
    opener.current?.focus()
  }
  return (
    <>
      <Menu
        trigger={
          <Button ref={opener}>
            Actions
            <Icon name="down" />
          </Button>
        }
        label="Actions"
        groups={groups}
      />
      {asked === null ? null : (
        <ActDialog key={asked} act={asked} id={id} fleetId={fleetId} name={name} onClosed={close} />
      )}
    </>
  )
}
