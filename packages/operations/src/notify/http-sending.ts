import type { Engine } from "@evertoken/engine/internal";
import type { HttpSending } from "./send-http.ts";

/** With the engine's own exchange: no redirect, TLS verified, private addresses refused unless allowed. */
export const httpSendingOf = ({ exchange, config, clock }: Engine): HttpSending => ({
  send: exchange,
  timeoutMs: config.notify.timeoutMs,
  allowPrivateAddresses: config.request.allowPrivateAddresses,
  now: clock.now,
});
