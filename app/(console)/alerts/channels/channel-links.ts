import { carryShared } from '#components/ui/search-params.ts'

export const CHANNELS_PATH = '/alerts/channels'

export const channelHref = (query: string, id: string): string => carryShared(`${CHANNELS_PATH}/${id}`, query)

/** The operator API's address of all channels, or of one. Pure. */
export const channelsUrl = (below = ''): string => `/api/admin/v1/alerts/channels${below}`
