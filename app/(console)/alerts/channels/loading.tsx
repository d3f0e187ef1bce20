import { LoadingList } from '../../loading-list.tsx'

export default function ChannelsLoading() {
  return <LoadingList name="Channels" />
}
