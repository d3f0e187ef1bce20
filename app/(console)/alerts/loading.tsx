import { LoadingList } from '../loading-list.tsx'

export default function AlertsLoading() {
  return <LoadingList name="Alerts" />
}
