/** As Fastify takes it. @param trusted how many proxies are in front, or their networks */
export function trustProxies(trusted: false | number | string[]) {
  return typeof trusted === "number" ? (_address: string, hop: number) => hop < trusted : trusted;
}
