type Code = "data_dir_in_use" | "not_installed" | "start_failed" | "no_system_user" | "unsupported_platform";

export class LocalServiceError extends Error {
  override readonly name = "LocalServiceError";
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
