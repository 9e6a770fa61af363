/** Why `evertoken start` cannot go on, and what to do; never a bug. */
export class StartError extends Error {
  readonly code: "already_running" | "port_taken" | "app_failed" | "demo_failed";

  constructor(code: StartError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
    this.code = code;
  }
}
