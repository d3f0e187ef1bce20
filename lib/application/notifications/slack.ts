import type { NoticeState } from '#lib/protocol/notice.ts'
import type { PostRequest } from '../egress/post-json.ts'
import type { SettingsOf } from './channel-settings.ts'
import type { Message } from './message.ts'

/** Slack's own bounds of a block. */
const HEADER_MAX = 150
const SECTION_MAX = 3_000
const MARKS: Readonly<Record<NoticeState, string>> = {
  firing: ':red_circle:',
  acknowledged: ':large_yellow_circle:',
  resolved: ':large_green_circle:',
}

/** Slack's incoming webhook. It knows no key: what timed out there may be shown twice. */
export function slackRequest(message: Message, { url }: SettingsOf<'slack'>): Omit<PostRequest, 'timeoutMs'> {
  const text = escaped(`${MARKS[message.state]} ${message.title}`)
  const blocks = [
    { type: 'section', text: { type: 'mrkdwn', text: `*${cut(text, HEADER_MAX * 2)}*` } },
    { type: 'section', text: { type: 'mrkdwn', text: cut(escaped(message.body), SECTION_MAX) } },
    {
      type: 'actions',
      elements: [
        { type: 'button', text: { type: 'plain_text', text: 'Open in Tidemark' }, url: message.link },
      ],
    },
  ]
  return { url, headers: {}, body: JSON.stringify({ text: cut(text, SECTION_MAX), blocks }) }
}

/** What Slack reads as its own: a name in it calls nobody. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`)
