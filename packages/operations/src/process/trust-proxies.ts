import type { TrustedProxies } from "@evertoken/adapters";

/** As Fastify takes it. */
export function trustProxies(trusted: TrustedProxies) {
  return typeof trusted === "number" ? (_address: string, hop: number) => hop < trusted : trusted;
}
