import type { Route } from "./route.ts";
import { apiKeyRoutes } from "./routes/api-keys.ts";
import { auditRoutes } from "./routes/audit.ts";
import { connectionRoutes } from "./routes/connections.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { providerRoutes } from "./routes/providers.ts";
import { refreshRoutes } from "./routes/refreshes.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { userRoutes } from "./routes/users.ts";

/** Every endpoint there is, by subject. */
export const routes: readonly Route[] = [
  ...tokenRoutes,
  ...connectionRoutes,
  ...jobRoutes,
  ...refreshRoutes,
  ...userRoutes,
  ...providerRoutes,
  ...apiKeyRoutes,
  ...auditRoutes,
];
