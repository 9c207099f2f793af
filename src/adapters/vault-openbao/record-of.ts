/** Reads answers of OpenBao, in which nothing is sure to be there. */

/** The fields of an object; none of anything else. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
