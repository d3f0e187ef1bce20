/** The overview's whole state: the fleet and the time range. */
export { loadShared as loadOverviewParams } from '../search-params.ts'
