import { type Actor, EvertokenError, makeConnectLink, type Target } from "@evertoken/engine/internal";
import type { ApiContext } from "./route.ts";

/**
 * Where only consent helps and the app has no page of its own for it (RECONNECT_URL), the error leads to our connect page: to reconnect
 * this one connection, and nothing else. Counted by the minute: each read of such a connection makes one.
 */
export async function orReconnectLink<T>(
  { engine, client }: ApiContext,
  who: Actor,
  target: Target,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof EvertokenError) || error.reconnectUrl !== null || !error.consentHelps) throw error;
    const { publicUrl, reconnectLinkMs } = engine.config.connect;
    if (publicUrl === null) throw error;
    const { id, userId, provider } = await client.connections.get(target);
    const link = { userId, providers: [provider], ttlSeconds: Math.min(86_400, Math.ceil(reconnectLinkMs / 1000)) };
    const reconnectUrl = await makeConnectLink(engine, link, id);
    engine.audit.count({ ...who, action: "connect.link_made", connectionId: id });
    throw new EvertokenError(error.code, error.message, { consentHelps: true, reconnectUrl, retryAt: error.retryAt });
  }
}
