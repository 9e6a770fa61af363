import { identityRequest, readIdentity } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import type { SyncHandler } from "./sync-handler.ts";

/** The sync of a connection for which no app has a handler: fetches the account's identity and keeps its name. */
export function identitySync(engine: Engine): SyncHandler {
  return async ({ connection, token, signal }) => {
    const provider = (await engine.providers.find(connection.provider))?.provider;
    if (provider === undefined) throw new Error("the provider is not known here");
    const row = await engine.prisma.connection.findUniqueOrThrow({ where: { id: connection.id } });
    const registration = await engine.registrations.find(row.provider, row.registration);
    const metadata = row.metadata as Record<string, string>;
    const request = identityRequest(provider, {
      accessToken: token.accessToken,
      metadata,
      ...(registration === null ? {} : { clientId: registration.clientId }),
    });
    if (request === null) return "the provider does not tell whose account it is";
    const answer = await engine.exchange(request, { signal });
    if (answer.kind === "failure") throw new Error(`the provider does not answer: ${answer.code}`);
    if (answer.status === 401 || answer.status === 403) return { status: answer.status };
    const identity = readIdentity(provider, answer, metadata);
    if (identity === null) throw new Error(`the provider does not tell the account: HTTP ${answer.status}`);
    if (identity.displayName !== null) {
      await engine.prisma.connection.update({ where: { id: row.id }, data: { displayName: identity.displayName } });
    }
    return null;
  };
}
