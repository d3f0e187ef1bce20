/** Told to a waiting worker: take over. And to the one that leads: this page runs by it, older caches may go. */
export const UPDATE_NOW = 'update-now'
export const STARTED = 'started'
