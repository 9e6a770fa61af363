import type { Route } from "./route.ts";
import { apiKeyRoutes } from "./routes/api-keys.ts";
import { auditRoutes } from "./routes/audit.ts";
import { connectRoutes } from "./routes/connect.ts";
import { connectionRoutes } from "./routes/connections.ts";
import { deliveryRoutes } from "./routes/deliveries.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { providerRoutes } from "./routes/providers.ts";
import { refreshRoutes } from "./routes/refreshes.ts";
import { registrationRoutes } from "./routes/registrations.ts";
import { statusRoutes } from "./routes/status.ts";
import { storedProviderRoutes } from "./routes/stored-providers.ts";
import { syncRoutes } from "./routes/sync.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { userRoutes } from "./routes/users.ts";
import { webhookRoutes } from "./routes/webhooks.ts";

/** Every endpoint there is, by subject. */
export const routes: readonly Route[] = [
  ...statusRoutes,
  ...tokenRoutes,
  ...connectionRoutes,
  ...jobRoutes,
  ...refreshRoutes,
  ...syncRoutes,
  ...userRoutes,
  ...connectRoutes,
  ...providerRoutes,
  ...storedProviderRoutes,
  ...registrationRoutes,
  ...webhookRoutes,
  ...deliveryRoutes,
  ...apiKeyRoutes,
  ...auditRoutes,
];
