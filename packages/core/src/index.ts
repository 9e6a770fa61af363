export * from "./connection.ts";
export * from "./outcome.ts";
export * from "./policy.ts";
export * from "./settings.ts";
