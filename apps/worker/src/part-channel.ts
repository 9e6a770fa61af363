import type { Life } from "@evertoken/operations";

/** What a supervisor asks a part of its worker, and how the part answers. */
export interface Answers {
  /** By name, "ok" or a reason, as `/readyz` has them. */
  checks(): Promise<Readonly<Record<string, string>>>;
  metrics(): Promise<unknown>;
}

export type Asked = { readonly id: number; readonly ask: keyof Answers };
/** `null`: it could not be said. */
export type Told = { readonly ready: true } | { readonly id: number; readonly answer: unknown };

/** In a part: stops in order when the supervisor says so or has gone, which both close the channel; answers when `isReady` was called. */
export function answerSupervisor(life: Life): { isReady(answers: Answers): void } {
  const tell = (told: Told) => {
    if (process.connected) process.send?.(told, undefined, undefined, () => {});
  };
  const stop = () => life.stop("the supervisor has ended it");
  process.once("disconnect", stop);
  if (!process.connected) stop();
  return {
    isReady(answers) {
      process.on("message", async ({ id, ask }: Asked) => {
        tell({ id, answer: await answers[ask]().catch(() => null) });
      });
      tell({ ready: true });
    },
  };
}
