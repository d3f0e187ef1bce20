import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { channelBoard, type ShownChannel } from '#lib/application/notifications/channel-board.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import { wordsProblem } from '../../list-filter.ts'
import { ListFrame } from '../../list-frame.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { AlertsTabs } from '../alerts-tabs.tsx'
import { loadSearched, SEARCHED } from '../search-params.ts'
import { channelHref, CHANNELS_PATH } from './channel-links.ts'
import { channelsSentence, KIND_NAMES, placeText, stateOfChannel, toldText } from './channel-words.ts'
import { ChannelsHidden } from './channels-hidden.tsx'
import { NewChannel } from './new-channel.tsx'

export const metadata: Metadata = { title: 'Channels · Tidemark' }

/** Where are incidents told, and does it arrive? */
async function ChannelsPage({ searchParams }: PageProps) {
  const [at, { q }] = await Promise.all([
    visit(CHANNELS_PATH, searchParams, SEARCHED),
    loadSearched(searchParams),
  ])
  const { fleet, nowMs } = at
  const tabs = <AlertsTabs part="/alerts/channels" query={at.query} />
  if (fleet.role === 'viewer')
    return (
      <ConsolePage at={at} crumbs={[{ label: 'Channels' }]}>
        {tabs}
        <ChannelsHidden role={fleet.role} />
      </ConsolePage>
    )
  const problem = wordsProblem(q)
  const channels =
    problem === null ? await channelBoard(at.ctx, { actor: at.actor, fleetId: fleet.id, words: q }) : []
  return (
    <ListFrame
      at={at}
      label="Channels"
      tabs={tabs}
      sentence={channelsSentence(channels, q)}
      evidence={`A message is tried for a day, and each try is in its channel’s log.${fleet.role === 'admin' ? '' : ` Your role is ${fleet.role}; changing one needs admin.`}`}
      fields={{}}
      filter={[]}
      facets={[]}
      counted={null}
      views={null}
      problem={problem}
      actions={
        fleet.role === 'admin' ? (
          <NewChannel fleetId={fleet.id} fleetName={fleet.name} ofAll={at.actor.roles['*'] === 'admin'} />
        ) : undefined
      }
    >
      <DataTable
        label="Channels"
        columns={[
          { key: 'name', header: 'Channel', cell: ({ name }) => <b>{name}</b> },
          {
            key: 'kind',
            header: 'Leads to',
            cell: (channel) => (
              <>
                {KIND_NAMES[channel.kind]} <span className="den hide-phone">{placeText(channel)}</span>
              </>
            ),
          },
          { key: 'state', header: 'State', cell: (channel) => <State channel={channel} nowMs={nowMs} /> },
          { key: 'told', header: 'Told of', hideOnPhone: true, cell: toldText },
          {
            key: 'fleet',
            header: 'Of',
            hideOnPhone: true,
            cell: ({ fleetId }) => (fleetId === null ? 'every fleet' : 'this fleet'),
          },
        ]}
        rows={channels}
        rowKey={({ id }) => id}
        rowHref={({ id }) => channelHref(at.query, id)}
        empty={
          <EmptyState
            title={q === '' ? 'Incidents are told nowhere' : 'No channel matches this search'}
            detail={
              q === '' ? 'A channel leads to a webhook, Alertmanager, PagerDuty, Slack or mail.' : undefined
            }
          />
        }
      />
    </ListFrame>
  )
}

function State({ channel, nowMs }: { channel: ShownChannel; nowMs: number }) {
  const { kind, word } = stateOfChannel(channel)
  const { last } = channel
  return (
    <>
      <Status kind={kind}>{word}</Status>{' '}
      {last === null ? null : (
        <span className="den">
          <Time at={last.atMs} now={nowMs} show="age" />
        </span>
      )}
    </>
  )
}

export default keptPage(ChannelsPage)
