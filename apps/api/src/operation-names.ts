/** What generated clients call each operation: stable, whatever becomes of its address. */
const names: Readonly<Record<string, string>> = {
  "GET /v1/api-keys": "listApiKeys",
  "POST /v1/api-keys": "createApiKey",
  "DELETE /v1/api-keys/:id": "revokeApiKey",
  "GET /v1/audit": "listAuditEntries",
  "POST /v1/connect/authorize": "beginConnect",
  "GET /v1/connect/callback": "connectCallback",
  "POST /v1/connect/callback": "postConnectCallback",
  "POST /v1/connect/confirm": "confirmConnect",
  "POST /v1/connect/complete": "completeConnect",
  "POST /v1/connect/links": "createConnectLink",
  "GET /v1/connections": "listConnections",
  "POST /v1/connections": "importConnection",
  "GET /v1/connections/:id": "getConnection",
  "GET /v1/users/:userId/providers/:provider/connection": "getConnectionOfUser",
  "DELETE /v1/connections/:id": "disconnectConnection",
  "GET /v1/webhooks/:id/deliveries": "listDeliveries",
  "POST /v1/webhooks/deliveries/:delivery/replay": "replayDelivery",
  "POST /v1/connections/:id/refresh": "refreshConnection",
  "POST /v1/connections/:id/schedule": "scheduleRefresh",
  "GET /v1/connections/:id/log": "listRefreshes",
  "GET /v1/connections/:id/job": "getRefreshJob",
  "GET /v1/connections/:id/status": "getTokenStatus",
  "GET /v1/providers": "listProviders",
  "POST /v1/refreshes": "startBulkRefresh",
  "GET /v1/refreshes/:id": "getBulkRefresh",
  "GET /v1/registrations": "listRegistrations",
  "GET /v1/registrations/:provider/:name": "getRegistration",
  "PUT /v1/registrations/:provider/:name": "saveRegistration",
  "DELETE /v1/registrations/:provider/:name": "removeRegistration",
  "GET /v1/status": "getStatus",
  "POST /v1/providers": "addProvider",
  "GET /v1/providers/:id": "getProvider",
  "PUT /v1/providers/:id": "replaceProvider",
  "DELETE /v1/providers/:id": "removeProvider",
  "POST /v1/connections/:id/sync": "syncConnection",
  "GET /v1/connections/:id/token": "getToken",
  "GET /v1/users/:userId/providers/:provider/token": "getTokenOfUser",
  "GET /v1/users/:userId/health": "getHealthOfUser",
  "DELETE /v1/users/:userId/connect-sessions": "endConnectSessions",
  "GET /v1/webhooks": "listWebhooks",
  "POST /v1/webhooks": "addWebhook",
  "GET /v1/webhooks/:id": "getWebhook",
  "PATCH /v1/webhooks/:id": "changeWebhook",
  "DELETE /v1/webhooks/:id": "removeWebhook",
};

/** @throws for an operation that nobody has named */
export function operationName(method: string, url: string): string {
  const name = names[`${method} ${url}`];
  if (name === undefined) throw new Error(`${method} ${url} has no name: give it one in operation-names.ts`);
  return name;
}
