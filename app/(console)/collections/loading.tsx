import { LoadingList } from '../loading-list.tsx'

export default function CollectionsLoading() {
  return <LoadingList name="Collections" />
}
