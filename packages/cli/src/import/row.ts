/** Where a row stands. */
export interface Place {
  /** Where it begins; of a document that holds several, the first line of the document. */
  readonly line: number;
  /** Which of its array it is, from 1: a whole array may be one line. */
  readonly item?: number;
}

export const inWords = ({ line, item }: Place) => `line ${line}${item === undefined ? "" : `, item ${item}`}`;

/** A row of an import file. */
export interface Row extends Place {
  /** undefined when it cannot be read. */
  readonly value: unknown;
  /** Why not, in words that quote nothing of it. */
  readonly fault?: string;
}

/** Enough for any token set; what is longer is somebody's mistake, and is not held in memory. */
export const longestRow = 16 * 1024 * 1024;

export const tooLong = `this is longer than ${longestRow / 1024 / 1024} MB`;
