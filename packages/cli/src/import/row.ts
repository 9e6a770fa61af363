/** A row of an import file. */
export interface Row {
  /** Where it begins; of a document that holds several, the first line of the document. */
  readonly line: number;
  /** undefined when it cannot be read. */
  readonly value: unknown;
  /** Why not, in words that quote nothing of it. */
  readonly fault?: string;
}

/** Enough for any token set; what is longer is somebody's mistake, and is not held in memory. */
export const longestRow = 16 * 1024 * 1024;

export const tooLong = `this is longer than ${longestRow / 1024 / 1024} MB`;
