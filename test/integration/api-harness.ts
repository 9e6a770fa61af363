import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { AppProcess } from "../support/app-process.ts";
import { createRig, type Env, type Rig, type RigOptions } from "../support/rig.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came, for assertions
  readonly body: any;
  readonly text: string;
}

interface Asking {
  /** null: none. Default: the bootstrap key. */
  readonly key?: string | null;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
  readonly redirect?: "manual" | "follow";
}

export interface Api {
  readonly rig: Rig;
  readonly app: AppProcess;
  readonly url: string;
  readonly adminKey: string;
  /** `GET /v1/connections` */
  ask(what: string, asking?: Asking): Promise<Answer>;
  /** Asks, and expects a problem document of this status and code. */
  refused(what: string, status: number, code: string, asking?: Asking): Promise<Answer>;
  makeKey(...scopes: string[]): Promise<{ id: string; key: string }>;
}

/** The API as a process of its own, beside a rig. */
export async function startApi(options: RigOptions = {}, apiEnv: Env = {}): Promise<Api> {
  const adminKey = randomBytes(32).toString("base64url");
  const rig = await createRig({ ...options, env: { EVERTOKEN_API_KEY: adminKey, ...options.env } });
  const app = await rig.start("api", apiEnv);
  const url = `http://127.0.0.1:${app.port}`;
  const ask = (what: string, asking: Asking = {}) => request(url, what, { key: adminKey, ...asking });
  return {
    ...{ rig, app, url, adminKey, ask },
    async refused(what, status, code, asking) {
      const answer = await ask(what, asking);
      expect({ what, status: answer.status, code: answer.body?.code }).toEqual({ what, status, code });
      expectProblem(answer);
      return answer;
    },
    async makeKey(...scopes) {
      const { status, body } = await ask("POST /v1/api-keys", { body: { name: scopes.join(), scopes } });
      expect(status).toBe(201);
      return body;
    },
  };
}

async function request(base: string, what: string, asking: Asking): Promise<Answer> {
  const [method = "GET", path = "/"] = what.split(" ");
  const { key = null, body, raw, redirect = "manual" } = asking;
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(`${base}${path}`, {
    ...{ method, redirect },
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(sent === undefined ? {} : { "content-type": "application/json" }),
      ...asking.headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** RFC 9457, as every error has to be. */
export function expectProblem({ status, headers, body }: Answer): void {
  expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(body).toMatchObject({ type: `urn:evertoken:problem:${body.code}`, status, title: expect.any(String) });
  for (const { field, reason } of body.errors ?? []) {
    expect(field).toEqual(expect.any(String));
    expect(reason).toEqual(expect.any(String));
  }
}
