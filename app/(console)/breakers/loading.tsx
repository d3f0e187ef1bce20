import { LoadingList } from '../loading-list.tsx'

export default function BreakersLoading() {
  return <LoadingList name="Breakers" />
}
