/** The workspaces that are published; all others are private, and go into these. */
export const published = ["packages/client", "packages/engine", "packages/cli"];
