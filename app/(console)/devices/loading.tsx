import { LoadingList } from '../loading-list.tsx'

export default function DevicesLoading() {
  return <LoadingList name="Devices" />
}
