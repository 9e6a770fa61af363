import { type Confirmed, confirm } from "../confirm.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { fullId } from "../short-ids.ts";

export async function disconnect(io: Io, given: string, options: Confirmed): Promise<undefined> {
  await withEngine(io, async ({ engine, evertoken }) => {
    const id = await fullId(engine, given);
    if (options.yes !== true) {
      const { provider, userId } = await evertoken.connections.get(id);
      const what = `erase the tokens of ${id} (${provider}, user ${userId}), whose user then has to reconnect`;
      await confirm(io, what, options);
    }
    const disconnected = await evertoken.connections.disconnect(id);
    io.result({ connectionId: id, disconnected }, () => [
      disconnected ? `${id} is disconnected: its tokens are erased` : `${id} was disconnected already`,
    ]);
  });
}
