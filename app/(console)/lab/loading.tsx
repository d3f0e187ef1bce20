import { LoadingList } from '../loading-list.tsx'

export default function LabLoading() {
  return <LoadingList name="Strategy lab" />
}
