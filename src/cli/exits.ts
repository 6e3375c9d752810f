/** How a gate ended that could not be asked: neither passed nor failed. As in sysexits.h, EX_TEMPFAIL. */
export const NOT_CHECKED = 75
