import { LoadingList } from '../loading-list.tsx'

export default function AuditLoading() {
  return <LoadingList name="Audit" />
}
