import { describe, expect, it } from "vitest";
import meta from "./catalogue/meta.ts";
import spotify from "./catalogue/spotify.ts";
import { derivedRequest, readDerived } from "./derived.ts";
import { identityRequest, readIdentity } from "./identity.ts";

const answer = (body: unknown, status = 200) =>
  ({ kind: "response", status, headers: {}, body: new TextEncoder().encode(JSON.stringify(body)) }) as const;

describe("derived tokens", () => {
  it("are asked for with the parent's token, outside the URL", () => {
    const request = derivedRequest(meta, { accessToken: "EAAB" });
    expect(request?.headers.authorization).toBe("Bearer EAAB");
    expect(request?.url).not.toContain("EAAB");
    expect(derivedRequest(spotify, { accessToken: "t" })).toBeNull();
  });

  it("come page by page", () => {
    const first = readDerived(
      meta,
      answer({
        data: [
          { id: "1", name: "Cafe", access_token: "p-1" },
          { id: "2", name: "No task here" },
        ],
        paging: { next: "https://graph.facebook.com/v25.0/7/accounts?after=x&access_token=EAAB" },
      }),
    );
    expect(first).toEqual({
      kind: "page",
      tokens: [{ externalAccountId: "1", displayName: "Cafe", accessToken: "p-1" }],
      next: "https://graph.facebook.com/v25.0/7/accounts?after=x",
    });
    expect(readDerived(meta, answer({ data: [] }))).toEqual({ kind: "page", tokens: [], next: null });
  });

  it("never send the token to another host", () => {
    expect(readDerived(meta, answer({ data: [], paging: { next: "https://evil.example/x" } }))).toMatchObject({
      next: null,
    });
  });

  it("tell a failure from an empty list", () => {
    expect(readDerived(meta, answer({ error: { code: 190 } }, 400))).toEqual({ kind: "failed", httpStatus: 400 });
    expect(readDerived(meta, answer({}))).toEqual({ kind: "failed", httpStatus: 200 });
  });
});

describe("identity", () => {
  it("is asked for and read by the file's paths", () => {
    expect(identityRequest(spotify, { accessToken: "t" })?.headers.authorization).toBe("Bearer t");
    expect(readIdentity(spotify, answer({ id: "jane", display_name: "Jane" }))).toEqual({
      externalAccountId: "jane",
      displayName: "Jane",
    });
    expect(readIdentity(spotify, answer({ id: 7 }))).toEqual({ externalAccountId: "7", displayName: null });
    expect(readIdentity(spotify, answer({}))).toBeNull();
    expect(readIdentity(spotify, answer({ id: "x" }, 401))).toBeNull();
  });
});
