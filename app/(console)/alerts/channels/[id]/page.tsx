import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { DataTable } from '#components/table/data-table.tsx'
import { FilterBar } from '#components/table/filter-bar.tsx'
import { Pager } from '#components/table/pager.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { capitalised, formatCount } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { channelBoard, type ShownChannel } from '#lib/application/notifications/channel-board.ts'
import { listDeliveries } from '#lib/application/notifications/list-deliveries.ts'
import { ConsolePage } from '../../../console-page.tsx'
import { keptPage } from '../../../kept-page.tsx'
import { wordsProblem } from '../../../list-filter.ts'
import { LIST, loadList, type ItemProps } from '../../../search-params.ts'
import { itemId, visit } from '../../../viewer.ts'
import { AlertsTabs } from '../../alerts-tabs.tsx'
import { ChannelActs } from '../channel-acts.tsx'
import { CHANNEL_FIELDS, settingText } from '../channel-fields.ts'
import { CHANNELS_PATH } from '../channel-links.ts'
import { ChannelsHidden } from '../channels-hidden.tsx'
import { ChannelTest } from '../channel-test.tsx'
import {
  answerText,
  channelSentence,
  KIND_NAMES,
  OUTCOMES,
  stateOfChannel,
  toldText,
} from '../channel-words.ts'

export const metadata: Metadata = { title: 'Channel · Tidemark' }

/** One channel: does what it is told arrive? */
async function ChannelPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const [at, { q, cursor }] = await Promise.all([
    visit(`${CHANNELS_PATH}/${id}`, searchParams, LIST),
    loadList(searchParams),
  ])
  const { fleet, nowMs } = at
  const crumbs = (label: string) => [
    { label: 'Channels', href: carryShared(CHANNELS_PATH, at.query) },
    { label },
  ]
  const tabs = <AlertsTabs part="/alerts/channels" query={at.query} />
  if (fleet.role === 'viewer')
    return (
      <ConsolePage at={at} crumbs={crumbs('Channel')}>
        {tabs}
        <ChannelsHidden role={fleet.role} />
      </ConsolePage>
    )
  const channels = await channelBoard(at.ctx, { actor: at.actor, fleetId: fleet.id })
  const channel = channels.find((one) => one.id === id)
  if (channel === undefined) notFound()
  const problem = wordsProblem(q)
  const log =
    problem === null
      ? await listDeliveries(at.ctx, {
          actor: at.actor,
          id,
          query: { ...(q === '' ? {} : { q }), ...(cursor === null ? {} : { cursor }) },
        })
      : { items: [], nextCursor: null }
  // Of every fleet: who changes it must be an administrator of all of them.
  const mayChange = channel.fleetId === null ? at.actor.roles['*'] === 'admin' : fleet.role === 'admin'
  return (
    <ConsolePage at={at} crumbs={crumbs(channel.name)}>
      {tabs}
      <Verdict
        kind={stateOfChannel(channel).kind}
        sentence={channelSentence(channel)}
        evidence={evidenceOf(channel)}
      />
      <div className="cols">
        <div>
          <Section title="Does it arrive?" note="a test says that it is one, and is not tried again">
            <ChannelTest id={id} />
          </Section>
        </div>
        <div>
          <Section title="How it is set" note={KIND_NAMES[channel.kind]}>
            <KeyValue items={settingsShown(channel)} />
            {mayChange ? (
              <div className="item-acts">
                <ChannelActs
                  id={id}
                  kind={channel.kind}
                  version={channel.version}
                  enabled={channel.enabled}
                  now={channel}
                  query={at.query}
                />
              </div>
            ) : (
              <ForbiddenState
                title="You can test this channel, not change it"
                role={fleet.role}
                needs={channel.fleetId === null ? 'admin of every fleet' : 'admin'}
              />
            )}
          </Section>
        </div>
      </div>
      <Section title="What was sent, try by try" note="newest first, for 30 days">
        <FilterBar label="Search the log" keys={[]} filter={[]} />
        <DataTable
          label="What was sent, try by try"
          columns={[
            { key: 'at', header: 'When', cell: ({ atMs }) => <Time at={atMs} now={nowMs} show="moment" /> },
            {
              key: 'outcome',
              header: 'Outcome',
              cell: ({ outcome }) => <Status kind={OUTCOMES[outcome].kind}>{OUTCOMES[outcome].word}</Status>,
            },
            { key: 'answer', header: 'Answer', cell: answerText },
            { key: 'title', header: 'Told', hideOnPhone: true, cell: ({ title }) => title },
            {
              key: 'attempt',
              header: 'Try',
              align: 'end',
              hideOnPhone: true,
              cell: ({ attempt }) => formatCount(attempt),
            },
          ]}
          rows={log.items}
          rowKey={(delivery) => delivery.id}
          empty={
            <EmptyState
              title={problem ?? (q === '' ? 'Nothing was sent in 30 days' : 'No try matches this search')}
            />
          }
        />
        <Pager
          place={{ path: at.path, query: at.query }}
          shown={log.items.length}
          nextCursor={log.nextCursor}
        />
      </Section>
    </ConsolePage>
  )
}

function evidenceOf(channel: ShownChannel) {
  const { problem, fleetId, last } = channel
  const of = `It is told of ${toldText(channel)} of ${fleetId === null ? 'every fleet' : 'this fleet'}.`
  if (problem !== null) return `${capitalised(problem)}. ${of}`
  return last === null ? of : `${of} The last answer: ${answerText(last)}.`
}

/** Its settings as far as they may be seen. */
function settingsShown({ kind, settings, secrets, template }: ShownChannel) {
  const shown = CHANNEL_FIELDS[kind].map((field) => {
    const set = secrets.includes(field.name) ? 'set, not shown' : 'none'
    return {
      key: field.label,
      value: field.secret ? set : settingText({ ...field, begin: 'none' }, settings),
    }
  })
  const isOwn = template.title !== null || template.body !== null
  return [...shown, { key: 'Words', value: isOwn ? 'of your own' : 'ours' }]
}

export default keptPage(ChannelPage)
