'use client'
import { Button, LinkButton } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { Icon, Logo, type IconName } from '#components/ui/icon.tsx'
import { JsonView } from '#components/ui/json-view.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { Menu } from '#components/ui/menu.tsx'
import { Section } from '#components/ui/section.tsx'
import { Skeleton, SkeletonLines } from '#components/ui/skeleton.tsx'
import { Status, StatusShape, type StatusKind } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { showToast, ToastRegion } from '#components/ui/toast.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { LONG_WORDS, MINUTE_MS, NOW_MS, type Specimen } from './specimen.ts'

const ICONS: readonly IconName[] = [
  'overview',
  'pillars',
  'sessions',
  'devices',
  'conflicts',
  'dead',
  'operations',
  'breakers',
  'alerts',
  'collections',
  'audit',
  'settings',
  'search',
  'down',
  'up',
  'clock',
  'more',
  'check',
  'back',
  'right',
  'close',
]
const KINDS: readonly (readonly [StatusKind, string])[] = [
  ['ok', 'Within target'],
  ['warn', 'Oldest over 1 h'],
  ['crit', 'Not loaded'],
  ['held', 'Held by a person'],
  ['unk', 'Not known'],
]
const done = async (): Promise<{ ok: true }> => ({ ok: true })
const refused = async (): Promise<{ ok: false; message: string }> => ({
  ok: false,
  message: 'Somebody else has discarded 12 of them in the meantime',
})

const discard = (reply: typeof done | typeof refused) => (
  <ConfirmDialog
    trigger={<Button tone="danger">Discard 1,284…</Button>}
    title="Discard 1,284 dead letters of 611 devices?"
    reason="required"
    reasonHint="Why is losing these right?"
    typedCount={1_284}
    confirmLabel="Discard 1,284"
    keepLabel="Keep them"
    danger
    onConfirm={reply}
  >
    Their changes will not reach the server. 1,267 of them could be replayed. Kept and restorable for 30 days.
  </ConfirmDialog>
)

export const UI_SPECIMENS: readonly Specimen[] = [
  {
    files: ['ui/button'],
    states: [
      {
        name: 'tones; point at them, and reach them by Tab',
        show: () => (
          <div className="specimen-row">
            <Button>Plain</Button> <Button tone="primary">Primary</Button> <Button tone="quiet">Quiet</Button>
            <Button tone="danger">Danger</Button> <Button tone="quiet danger">Cancel the rest…</Button>
          </div>
        ),
      },
      {
        name: 'with key and icon, off, and a link',
        show: () => (
          <div className="specimen-row">
            <Button hint="r" icon="check">
              Replay
            </Button>
            <Button tone="primary" hint="↵">
              Open
            </Button>
            <Button disabled>Off</Button> <LinkButton href="#">Leads on</LinkButton>
          </div>
        ),
      },
      { name: 'long text', show: () => <Button>{LONG_WORDS.slice(0, 48)}</Button> },
    ],
  },
  {
    files: ['ui/status'],
    states: [
      {
        name: 'shape, word and colour',
        show: () =>
          KINDS.map(([kind, word]) => (
            <p key={kind}>
              <Status kind={kind}>{word}</Status>
            </p>
          )),
      },
      {
        name: 'the shape alone, beside its word',
        show: () =>
          KINDS.map(([kind, word]) => (
            <p key={kind}>
              <StatusShape kind={kind} /> {word}
            </p>
          )),
      },
    ],
  },
  {
    files: ['ui/verdict'],
    states: [
      {
        name: 'with evidence, status and the next step',
        wide: true,
        show: () => (
          <Verdict
            sentence="2.4.1 is held back; every other version syncs within target"
            evidence="2,302 of its 2,616 tablets wait in shed behind a forced-open breaker; their changes are safe on the device."
            status={{ kind: 'held', word: 'Ends in 1 h 34 min' }}
            actions={<Button tone="primary">Open INC-207</Button>}
          />
        ),
      },
      {
        name: 'about one thing, with facts; long text',
        wide: true,
        show: () => (
          <Verdict
            kind="crit"
            sentence={`${LONG_WORDS} could not sync: the push request was answered 504 (timeout)`}
            evidence="Gave up after 4 min 06 s."
            facts={[
              { value: '14', of: 'changes waiting' },
              { value: '2 h 38 min', of: 'the oldest of them' },
            ]}
          />
        ),
      },
    ],
  },
  {
    files: ['ui/section'],
    states: [
      {
        name: 'title and note',
        show: () => (
          <Section title="1,284 of 1,412 dead letters share one cause" note="last 24 h">
            <p>What it is about.</p>
          </Section>
        ),
      },
      { name: 'long title', show: () => <Section title={LONG_WORDS}>And nothing more.</Section> },
    ],
  },
  {
    files: ['ui/key-value'],
    states: [
      {
        name: 'figures',
        show: () => (
          <KeyValue
            items={[
              { key: 'Queue', value: '14 changes' },
              { key: 'Clock', value: '40 ms behind' },
            ]}
          />
        ),
      },
      {
        name: 'words, long text',
        show: () => (
          <KeyValue
            align="start"
            items={[
              { key: 'Name', value: LONG_WORDS },
              { key: 'Id', value: '0192f0a1b2c37000800000000000000000000000000000000' },
            ]}
          />
        ),
      },
    ],
  },
  {
    files: ['ui/time'],
    states: [
      {
        name: 'clock, exact, moment, age, both, not known',
        show: () => (
          <KeyValue
            items={[
              ...(['clock', 'exact', 'moment', 'age', 'both'] as const).map((show) => ({
                key: show,
                value: <Time at={NOW_MS - 4 * MINUTE_MS} now={NOW_MS} show={show} />,
              })),
              { key: 'null', value: <Time at={null} now={NOW_MS} /> },
            ]}
          />
        ),
      },
    ],
  },
  {
    files: ['ui/kbd', 'ui/icon', 'ui/link'],
    states: [
      {
        name: 'keys, a link, the mark',
        show: () => (
          <p>
            <Kbd>↵</Kbd> <Kbd>Ctrl K</Kbd>{' '}
            <Link className="link" href="#">
              See 2,914 sessions
            </Link>{' '}
            <Logo />
          </p>
        ),
      },
      {
        name: 'icons',
        show: () => (
          <div className="specimen-row">
            {ICONS.map((name) => (
              <span key={name} title={name}>
                <Icon name={name} />
              </span>
            ))}
          </div>
        ),
      },
    ],
  },
  {
    files: ['ui/menu'],
    states: [
      {
        name: 'links and acts, one chosen, one dangerous; open it',
        show: () => (
          <Menu
            label="A menu"
            align="start"
            trigger={<Button icon="down">Open the menu</Button>}
            groups={[
              {
                key: 'one',
                title: 'Theme',
                items: [
                  { key: 'a', label: 'As the system', checked: true, onSelect: () => undefined },
                  { key: 'b', label: LONG_WORDS, note: '12', checked: false, onSelect: () => undefined },
                ],
              },
              {
                key: 'two',
                items: [
                  { key: 'c', label: 'Leads on', href: '#', note: 'g d' },
                  { key: 'd', label: 'Revoke…', tone: 'danger', onSelect: () => undefined },
                ],
              },
            ]}
          />
        ),
      },
    ],
  },
  {
    files: ['ui/dialog'],
    states: [
      { name: 'a dangerous act; open it', show: () => discard(done) },
      { name: 'refused by the server', show: () => discard(refused) },
      {
        name: 'no answer',
        show: () => (
          <ConfirmDialog
            trigger={<Button>Resync…</Button>}
            title="Resync this device?"
            reason="none"
            confirmLabel="Resync"
            onConfirm={() => Promise.reject(new Error('no network'))}
          >
            It reads everything anew; what waits on it is kept.
          </ConfirmDialog>
        ),
      },
    ],
  },
  {
    files: ['ui/toast'],
    states: [
      {
        name: 'done, with undo; a failure stays until it is closed',
        show: () => (
          <>
            <Button
              onClick={() =>
                showToast({
                  kind: 'ok',
                  text: '1 dead letter replayed and merged',
                  undo: { label: 'Undo', run: () => undefined },
                })
              }
            >
              Show one
            </Button>{' '}
            <Button onClick={() => showToast({ kind: 'crit', text: `Not done: ${LONG_WORDS}` })}>
              Show a failure
            </Button>
            <ToastRegion />
          </>
        ),
      },
    ],
  },
  {
    files: ['ui/skeleton'],
    states: [
      { name: 'lines', show: () => <SkeletonLines label="Loading" widths={[180, 240, 200]} /> },
      { name: 'a figure', show: () => <Skeleton width={104} height={20} /> },
    ],
  },
  {
    files: ['ui/json-view'],
    states: [
      {
        name: 'with a refused place',
        show: () => (
          <JsonView
            label="Payload"
            value={{ airport: 'DFW', speed: '', note: LONG_WORDS, seen: [1, 2, 3] }}
            marks={[{ pointer: '/speed', why: 'must be a number' }]}
          />
        ),
      },
      { name: 'empty', show: () => <JsonView label="Payload" value={{}} /> },
      {
        name: 'long: cut, and it says so',
        show: () => (
          <JsonView
            label="Payload"
            value={Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`field${n}`, n]))}
          />
        ),
      },
    ],
  },
]
