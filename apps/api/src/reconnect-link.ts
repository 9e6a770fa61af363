import { connectLink, type Engine, type Evertoken, EvertokenError, type Target } from "@evertoken/engine/internal";

const dayInSeconds = 86_400;

/** Where only consent helps and the app has no page of its own for it (RECONNECT_URL), the error leads to our connect page. */
export async function orReconnectLink<T>(
  { engine, client }: { engine: Engine; client: Evertoken },
  target: Target,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof EvertokenError) || error.reconnectUrl !== null || !error.consentHelps) throw error;
    if (engine.config.connect.publicUrl === null) throw error;
    const { userId, provider } = typeof target === "string" ? await client.connections.get(target) : target;
    const reconnectUrl = connectLink(engine, { userId, providers: [provider], ttlSeconds: dayInSeconds });
    throw new EvertokenError(error.code, error.message, { consentHelps: true, reconnectUrl, retryAt: error.retryAt });
  }
}
