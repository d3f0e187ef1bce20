import { useCallback, useEffect, useRef, useState } from 'react'
import { Logo } from '#components/ui/icon.tsx'
import { useSyncStatus } from '#components/status/use-replica.ts'
import { SyncIndicator } from '#components/status/sync-indicator.tsx'
import type { Replica } from '#lib/client/replica.ts'
import { openDevice, isDeviceHere, type FieldDevice } from './device.ts'
import { DevicePage } from './device-page.tsx'
import { EnrollForm } from './enroll-form.tsx'
import { fleetOf, keyIn } from './enrollment-code.ts'
import { keepEnrolling, keepName, keptEnrolling, keptName } from './kept.ts'
import { NewReport } from './new-report.tsx'
import { ReportList } from './report-list.tsx'
import { ReportPage } from './report-page.tsx'
import { UpdateBanner } from './update-banner.tsx'
import { useLostWork } from './use-lost-work.ts'
import { goTo, useRoute, type Route } from './use-route.ts'

type Opening =
  | { readonly phase: 'opening' }
  | { readonly phase: 'enroll'; readonly key: string }
  | { readonly phase: 'failed'; readonly message: string }
  | { readonly phase: 'open'; readonly device: FieldDevice; readonly linked: string }

/** The key of the link by which the app was opened; taken out of the address, which may be shown or shared. */
function takeKey(): string {
  const key = keyIn(location.hash)
  if (key !== null) history.replaceState(null, '', location.pathname)
  return key ?? ''
}

/** What a link that comes to an app that is open changes: the form has its key, or the app says what became of it. */
const linkedTo = (opening: Opening, key: string): Opening =>
  opening.phase === 'enroll'
    ? { ...opening, key }
    : opening.phase === 'open'
      ? { ...opening, linked: key }
      : opening

/** Opens the device that is here, or asks for a code. */
function useDevice(): { opening: Opening; enroll: (key: string, name: string) => void } {
  const [opening, setOpening] = useState<Opening>({ phase: 'opening' })
  const fail = useCallback(
    (error: unknown): void =>
      setOpening({ phase: 'failed', message: error instanceof Error ? error.message : String(error) }),
    [],
  )
  const open = useCallback(
    (key: string | null, name: string, linked = ''): void =>
      void openDevice(key, name).then((device) => setOpening({ phase: 'open', device, linked }), fail),
    [fail],
  )
  useEffect(() => {
    const key = takeKey()
    const enrolling = keptEnrolling()
    isDeviceHere().then((isHere) => {
      if (isHere || enrolling) open(enrolling?.key ?? null, enrolling?.name ?? keptName(), key)
      else setOpening({ phase: 'enroll', key })
    }, fail)
  }, [open, fail])
  useEffect(() => {
    // A link to the page that is shown loads no page anew.
    const take = (): void => {
      const key = takeKey()
      if (key !== '') setOpening((before) => linkedTo(before, key))
    }
    addEventListener('hashchange', take)
    return () => removeEventListener('hashchange', take)
  }, [])
  const enroll = useCallback(
    (key: string, name: string): void => {
      keepEnrolling({ key, name })
      keepName(name)
      const before = opening.phase === 'open' ? opening.device.replica.close() : Promise.resolve()
      before.then(() => open(key, name), fail)
    },
    [opening, open, fail],
  )
  return { opening, enroll }
}

export function FieldApp() {
  const { opening, enroll } = useDevice()
  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          // What stands after the # is a page here.
          event.preventDefault()
          document.getElementById('main')?.focus()
        }}
      >
        Skip to the content
      </a>
      <UpdateBanner />
      {opening.phase === 'open' ? (
        <OpenApp device={opening.device} linked={opening.linked} enroll={enroll} />
      ) : (
        <>
          <Head />
          <main id="main" tabIndex={-1}>
            {opening.phase === 'opening' ? <p role="status">Opening…</p> : null}
            {opening.phase === 'enroll' ? (
              <EnrollForm key={opening.key} initialKey={opening.key} onEnroll={enroll} />
            ) : null}
            {opening.phase === 'failed' ? (
              <>
                <h1>This browser cannot keep reports</h1>
                <p role="alert">{opening.message}</p>
                <p>Private windows often may not. Open the app in an ordinary window.</p>
              </>
            ) : null}
          </main>
        </>
      )}
    </>
  )
}

function Head({ replica }: { replica?: Replica }) {
  return (
    <header className="field-head">
      <a className="field-home" href="#/">
        <Logo />
        <b>Strike reports</b>
      </a>
      {replica === undefined ? null : (
        <a className="field-state" href="#/device">
          <span className="sr">This device: </span>
          <HeadState replica={replica} />
        </a>
      )}
    </header>
  )
}

const HeadState = ({ replica }: { replica: Replica }) => (
  <SyncIndicator replica={replica} isLost={useLostWork(replica) !== null} />
)

/** States that another code mends. */
const NEEDS_CODE: ReadonlySet<string | null> = new Set(['no_credential', 'unauthorized', 'device_forked'])

function OpenApp({
  device,
  linked,
  enroll,
}: {
  device: FieldDevice
  /** The key of the link that opened an app that was a device already. */
  linked: string
  enroll: (key: string, name: string) => void
}) {
  const route = useRoute()
  useArrival(route)
  const { replica } = device
  const { fleetId, state, problem, lastSyncedAt } = useSyncStatus(replica)
  useEffect(() => {
    // The key is a secret that let this device in: it is not kept longer than it takes.
    if (fleetId !== null && lastSyncedAt !== null) keepEnrolling(null)
  }, [fleetId, lastSyncedAt])
  const needsCode = state === 'halted' && NEEDS_CODE.has(problem)
  return (
    <>
      <Head replica={replica} />
      <main id="main" tabIndex={-1}>
        {needsCode ? <EnrollForm key={linked} initialKey={linked} again={problem} onEnroll={enroll} /> : null}
        {linked === '' || needsCode || fleetId === null ? null : (
          <LinkedNote isSame={fleetOf(linked) === fleetId} />
        )}
        {route.page === 'list' ? <ReportList replica={replica} /> : null}
        {route.page === 'new' ? (
          <NewReport replica={replica} onSaved={(id) => goTo(`#/report/${id}`)} />
        ) : null}
        {route.page === 'report' ? <ReportPage key={route.id} replica={replica} id={route.id} /> : null}
        {route.page === 'device' ? <DevicePage device={device} /> : null}
      </main>
    </>
  )
}

/** A page that is gone to is read from its top: by the eye, by a reader and by Tab. Not the first, where one arrives anyway. */
function useArrival(route: Route): void {
  const place = route.page === 'report' ? route.id : route.page
  const last = useRef(place)
  useEffect(() => {
    if (last.current === place) return
    last.current = place
    document.getElementById('main')?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [place])
}

/** What the link of an enrollment key did on a device that is in a fleet: nothing. */
const LinkedNote = ({ isSame }: { isSame: boolean }) => (
  <p role="status">
    {isSame
      ? 'This device is connected already: the link changed nothing.'
      : 'The link is of another fleet, and this device stays in its own. Open it in another browser or profile.'}
  </p>
)
