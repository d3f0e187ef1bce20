import { plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Snippet } from '#components/ui/snippet.tsx'

/** Nothing has synced: what to do for the first sync to arrive. The page changes by itself when it does. */
export function FirstRun({ enrolled, fleetId }: { enrolled: number; fleetId: string }) {
  return (
    <>
      <Section title="Watch forty devices sync, on this machine">
        <p className="sub">
          A demo fleet of real SDK devices, over HTTP, until Ctrl-C. Instead of npm start:
        </p>
        <Snippet label="Command" text="npm run demo" />
      </Section>
      <Section
        title="Or connect your own device"
        note={
          enrolled === 0 ? 'none enrolled yet' : `${plural(enrolled, 'device')} enrolled, none has synced`
        }
      >
        <p className="sub">Make a key that lets devices enroll in this fleet; it is shown once.</p>
        <Snippet
          label="Command that makes a key"
          text={`npm run tidemark -- enrollment create --fleet ${fleetId}`}
        />
        <p className="sub">
          Then open a replica with it, or speak the device API yourself. The README has a program to paste,
          under “Connect your own device”.
        </p>
      </Section>
    </>
  )
}
