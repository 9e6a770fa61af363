import { createSyncWorker, type SyncHandler } from "@evertoken/engine";

const provider = process.env.SYNC_PROVIDER ?? "hubspot";
const apiUrl = process.env.SYNC_API_URL ?? "https://api.hubapi.com/crm/v3/objects/contacts";

/** Fetches what changed, with a token that lives for five minutes at least. */
const syncContacts: SyncHandler = async ({ connection, token, signal }) => {
  const answer = await fetch(apiUrl, { headers: { authorization: `Bearer ${token.accessToken}` }, signal });
  // 401: the token is refreshed and this runs again. 403: the sync ends, a scope is missing. 5xx: it is tried again later.
  if (!answer.ok) return answer;
  const contacts = await answer.json();
  console.log(`connection ${connection.id}: ${JSON.stringify(contacts).length} bytes`);
  return "contacts are up to date";
};

const worker = await createSyncWorker({
  // The names of .evertoken/env. An app that has a DATABASE_URL of its own uses EVERTOKEN_DATABASE_URL and `env` instead.
  settings: process.env,
  handlers: { [provider]: syncContacts },
});
console.log(`sync handler ready: ${worker.providers.join(", ")}`);

// What runs is finished first. Then we leave: a cut connection to Redis would keep the process for its timeout.
process.once("SIGTERM", async () => {
  await worker.close();
  process.exit(0);
});
