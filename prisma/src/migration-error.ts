/** Which way migrating failed. The message says what to do. */
type MigrationErrorCode =
  /** One was refused by Postgres; nothing of it is left. */
  | "migration_failed"
  /** One failed at an earlier start, and has to be retried by its name. */
  | "migration_failed_earlier"
  /** The one to be retried has not failed. */
  | "migration_not_failed"
  /** There are tables of somebody else. */
  | "database_not_empty";

export class MigrationError extends Error {
  override readonly name = "MigrationError";
  readonly code: MigrationErrorCode;

  constructor(code: MigrationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
