export class MigrationError extends Error {
  override readonly name = "MigrationError";
  readonly code: "migration_failed" | "migration_failed_earlier";

  constructor(code: MigrationError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
