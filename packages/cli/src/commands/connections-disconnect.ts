import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";

export async function disconnect(io: Io, id: string): Promise<undefined> {
  await withEngine(io, async ({ evertoken }) => {
    const disconnected = await evertoken.connections.disconnect(id);
    io.result({ connectionId: id, disconnected }, () => [
      disconnected ? `${id} is disconnected: its tokens are erased` : `${id} was disconnected already`,
    ]);
  });
}
