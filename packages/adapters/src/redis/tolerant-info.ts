/** What BullMQ takes from INFO: our own lower bound, where the user may not ask. */
const unknownServer = "redis_version:7.0.8\r\n";

/** INFO for users without the right to it. @param given as ioredis takes them: sections, and perhaps a callback at the end */
export function tolerantInfo(ask: (...sections: string[]) => Promise<string>, given: unknown[]): Promise<string> {
  const callback = typeof given.at(-1) === "function" ? (given.pop() as Callback) : null;
  const answer = ask(...(given as string[])).catch((error: Error) => {
    if (error.message.startsWith("NOPERM")) return unknownServer;
    throw error;
  });
  if (callback !== null) answer.then((text) => callback(null, text), callback);
  return answer;
}

type Callback = (error: Error | null, text?: string) => void;
