import { LoadingList } from '../loading-list.tsx'

export default function SettingsLoading() {
  return <LoadingList name="Settings" />
}
