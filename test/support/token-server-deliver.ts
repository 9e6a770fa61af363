import type { ServerResponse } from "node:http";
import type { Behaviour } from "./token-server-behaviour.ts";

export type Answer = { status: number; body: Record<string, unknown> };

function writeJson(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function trickle(response: ServerResponse, { status, body }: Answer, byteMs: number): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.flushHeaders();
  let written = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(written, written + 1));
    written += 1;
    if (written < bytes.length) return;
    clearInterval(timer);
    response.end();
  }, byteMs);
  response.once("close", () => clearInterval(timer));
}

function cutMidBody(response: ServerResponse, { status, body }: Answer): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.destroy());
}

/** Puts the answer on the wire in the way that the behaviour says, which may be not at all. */
export function deliver(response: ServerResponse, answer: Answer, behaviour: Behaviour): void {
  switch (behaviour.kind) {
    case "honest":
    case "mix":
      writeJson(response, answer);
      break;
    case "hang":
      break;
    case "cut_before_answer":
      response.socket?.destroy();
      break;
    case "cut_mid_body":
      cutMidBody(response, answer);
      break;
    case "trickle":
      trickle(response, answer, behaviour.byteMs ?? 100);
      break;
    case "reset_before_reading":
      response.socket?.resetAndDestroy();
      break;
    case "lie":
      response.writeHead(behaviour.status, behaviour.headers);
      response.end(behaviour.bodyBytes === undefined ? behaviour.body : Buffer.alloc(behaviour.bodyBytes, " "));
      break;
    default:
      behaviour satisfies never;
  }
}

/** Whether this behaviour processes the grant, and whether what it then answers carries the new tokens. */
export function effectOf(behaviour: Behaviour): { spends: boolean; misleading: boolean } {
  switch (behaviour.kind) {
    case "honest":
    case "mix":
    case "trickle":
    case "cut_before_answer":
    case "cut_mid_body":
      return { spends: true, misleading: false };
    case "hang":
    case "lie":
      return { spends: behaviour.spends ?? false, misleading: true };
    case "reset_before_reading":
      return { spends: false, misleading: true };
    default:
      return behaviour satisfies never;
  }
}
