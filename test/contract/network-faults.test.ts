import { once } from "node:events";
import net from "node:net";
import { classify, createExchange, defineProvider, type HttpRequest } from "@evertoken/providers";
import { describe, expect, it } from "vitest";
import { badCertificates } from "./bad-certificates.ts";
import { localhostCertificate } from "./localhost-certificate.ts";
import { type NetworkFault, networkFaults, startFaultServer } from "./network-faults.ts";

const megabyte = 1024 * 1024;
const timeoutMs = 1500;
const secret = "refresh-token-that-nobody-may-see";
// The expired and the misplaced one are trusted, so that time and name alone speak against them.
const ca = [localhostCertificate, badCertificates.expired, badCertificates.elsewhere].map(({ cert }) => cert).join("");

const provider = (rotation: "none" | "single_use") =>
  defineProvider({
    id: "acme",
    name: "Acme",
    docs: "https://acme.example",
    tokenUrl: "https://acme.example/token",
    policy: { lifetimeSeconds: 3600, rotation: { kind: rotation } },
  });

const post = (url: string): HttpRequest => ({
  method: "POST",
  url,
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: `refresh_token=${secret}`,
});

async function meet(fault: NetworkFault) {
  const server = await startFaultServer(fault);
  const exchange = createExchange({ allowPrivateAddresses: true, timeoutMs, ca });
  const before = process.memoryUsage().rss;
  const startedAt = performance.now();
  const answer = await exchange(post(server.url));
  const elapsedMs = performance.now() - startedAt;
  const grewBytes = process.memoryUsage().rss - before;
  exchange.close();
  server.close();
  return { answer, elapsedMs, grewBytes, requests: server.requests() };
}

describe("over a real network path", () => {
  it.each(networkFaults.map((fault) => [fault.outcome, fault.name, fault] as const))(
    "%s: %s",
    async (outcome, _, fault) => {
      const { answer, elapsedMs, grewBytes, requests } = await meet(fault);
      const judged = classify(provider("single_use"), answer, new Date(), [secret]);
      expect(judged.kind).toBe(outcome);
      if (judged.kind === "granted") {
        expect(judged.tokens).toMatchObject({
          accessToken: "fresh-access",
          refreshToken: "fresh-refresh",
          expiresIn: 3600,
        });
      }
      // Unsent means that no whole request arrived, and everything else that one did.
      expect(requests).toBe(outcome === "unsent" ? 0 : 1);
      expect(elapsedMs).toBeLessThan(fault.slow === true ? timeoutMs + 1000 : timeoutMs);
      expect(grewBytes).toBeLessThan(150 * megabyte);
      expect(JSON.stringify(judged)).not.toContain(secret);
    },
  );

  it("a web page instead of tokens is trouble where a refresh spends nothing", async () => {
    const fault = networkFaults.find(({ name }) => name === "a web page") as NetworkFault;
    expect(classify(provider("none"), (await meet(fault)).answer, new Date()).kind).toBe("transient");
  });

  it.each([
    ["an expired certificate", "CERT_HAS_EXPIRED"],
    ["another's certificate", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["a stranger's certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["a reset in the handshake", "ECONNRESET"],
  ])("%s is told by its code %s", async (name, code) => {
    const fault = networkFaults.find((candidate) => candidate.name === name) as NetworkFault;
    expect((await meet(fault)).answer).toMatchObject({ kind: "failure", sent: false, code });
  });

  it("a reset in the middle of the request leaves it unsent: half a request spends nothing", async () => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {}).once("data", () => socket.resetAndDestroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const exchange = createExchange({ allowPrivateAddresses: true, timeoutMs });
    const { port } = server.address() as net.AddressInfo;
    const answer = await exchange({ ...post(`http://127.0.0.1:${port}/`), body: "x".repeat(64 * megabyte) });
    expect(answer).toMatchObject({ kind: "failure", sent: false });
    expect(classify(provider("single_use"), answer, new Date()).kind).toBe("unsent");
    exchange.close();
    server.close();
  });
});
