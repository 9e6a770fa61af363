import type { Role } from "@evertoken/operations";

/** Who may use a route: anyone, or anyone logged in, or operators only. */
export type Access = "public" | Role;

const own = {
  "GET /healthz": "public",
  "GET /readyz": "public",
  "GET /login": "public",
  "POST /login": "public",
  "POST /login/code": "public",
  "POST /login/second-factor": "public",
  "GET /login/openid": "public",
  "GET /login/openid/callback": "public",
  "GET /logout": "public",
  "POST /logout": "public",
  "GET /": "viewer",
  "GET /board.css": "viewer",
  "GET /pages.css": "viewer",
  "GET /pages.js": "viewer",
  "GET /connections": "viewer",
  "GET /connections.csv": "operator",
  "GET /connections/:id": "viewer",
  "GET /log": "viewer",
  "GET /log/connections": "viewer",
  "GET /providers": "viewer",
  "GET /webhooks": "viewer",
  "GET /webhooks/:id": "viewer",
  "POST /webhooks/:id/test": "operator",
  "POST /webhooks/:id/replay-failed": "operator",
  "POST /webhooks/:id/enable": "operator",
  "POST /webhooks/:id/disable": "operator",
  "POST /webhooks/:id/secret": "operator",
  "POST /webhooks/deliveries/:delivery/replay": "operator",
  "GET /audit": "operator",
  "GET /audit.csv": "operator",
  "GET /account": "viewer",
  "POST /account/second-factor": "viewer",
  "POST /account/recovery-codes": "viewer",
  "POST /account/password": "viewer",
  "POST /account/sessions/:id/end": "viewer",
  "GET /providers/:id": "viewer",
  "GET /user": "viewer",
  "GET /settings": "viewer",
  "POST /providers/:id/pause": "operator",
  "POST /providers/:id/resume": "operator",
  "POST /connections/saved": "viewer",
  "POST /connections/saved/forget": "viewer",
  "POST /connections/bulk": "operator",
  "POST /connections/bulk/:id/start": "operator",
  "GET /connections/bulk/:id": "operator",
  "GET /connections/bulk/:id/items.csv": "operator",
  "POST /connections/:id/refresh": "operator",
  "POST /connections/:id/schedule": "operator",
  "POST /connections/:id/sync": "operator",
  "POST /connections/:id/tags": "operator",
  "POST /connections/:id/disconnect": "operator",
  "POST /connections/:id/reconnect-link": "operator",
} satisfies Record<string, Access>;

const boardPages = ["", "/metrics-history", "/job-schedulers", "/queue/:queueName", "/queue/:queueName/:jobId"];

const boardReads = [
  "/static/*",
  "/api/queues",
  "/api/job-schedulers",
  "/api/queues/:queueName/metrics",
  "/api/queues/:queueName/default-job-options",
  "/api/queues/:queueName/rate-limit",
  "/api/queues/:queueName/job-data-schema",
  "/api/queues/:queueName/:jobId",
  "/api/queues/:queueName/:jobId/logs",
  "/api/queues/:queueName/:jobId/flow",
];

/**
 * All that can be done with the board. Promote all would refresh every token in this minute, empty, clean and
 * obliterate take jobs away by the thousand, add and edit make jobs that no connection stands behind. Each by its name in the audit log.
 */
const boardActions: Readonly<Record<string, string>> = {
  "/api/queues/:queueName/pause": "queue.paused",
  "/api/queues/:queueName/resume": "queue.resumed",
  "/api/queues/:queueName/:jobId/retry": "job.retried",
  "/api/queues/:queueName/:jobId/promote": "job.promoted",
};

export const boardPrefix = "/queues";

const ownPages = [
  "GET /",
  "GET /connections",
  "GET /connections/:id",
  "GET /connections/bulk/:id",
  "GET /log",
  "GET /log/connections",
  "GET /providers",
  "GET /providers/:id",
  "GET /user",
  "GET /settings",
  "GET /webhooks",
  "GET /webhooks/:id",
  "GET /audit",
  "GET /account",
];

const pages = new Set([...ownPages, ...boardPages.map((route) => `GET ${boardPrefix}${route}`)]);

/**
 * An allow list: a route that is not here is refused, whoever asks. An upgrade of Bull Board that brings new routes
 * thereby brings nothing until someone has read what they do.
 */
const table = new Map<string, Access>([
  ...Object.entries(own),
  ...[...boardPages, ...boardReads].map((route) => [`GET ${boardPrefix}${route}`, "viewer"] as const),
  ...Object.keys(boardActions).map((route) => [`PUT ${boardPrefix}${route}`, "operator"] as const),
]);

/** `GET /queues/queue/:queueName`: the pattern that the router matched, so that no spelling of a URL gets around it. */
export function routeKey(method: string, pattern: string): string {
  const path = pattern.length > 1 && pattern.endsWith("/") ? pattern.slice(0, -1) : pattern;
  return `${method === "HEAD" ? "GET" : method} ${path}`;
}

/** What an action of the board is called in the audit log; our own pages write their entries themselves. */
export const boardActionOf = (key: string): string | undefined => boardActions[key.replace(`PUT ${boardPrefix}`, "")];

/** `undefined` means nobody. */
export const accessTo = (key: string): Access | undefined => table.get(key);

/** Asked by machines, which have no session. */
export const isHealth = (key: string): boolean => key === "GET /healthz" || key === "GET /readyz";

/** Whether a browser should be sent to the login rather than told 401. */
export const isPage = (key: string): boolean => pages.has(key);

/** The methods that a path without parameters answers, for a 405. */
export function methodsOf(path: string): string[] {
  return ["GET", "POST", "PUT"].filter((method) => table.has(routeKey(method, path)));
}
