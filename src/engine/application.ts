/** How DBOS names the program beside its runs. */
export const APPLICATION_NAME = 'kinkeeper'
/** Raised only when runs of the older code could not be continued by the newer; see docs/decisions. */
export const APPLICATION_VERSION = 'kinkeeper-1'
