import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeBody } from "./decode-body.ts";

const text = Buffer.from('{"access_token":"t"}');
const limit = 1000;

const packers: [string, (bytes: Buffer) => Buffer][] = [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
];

function read(encoding: string | undefined, bytes: Uint8Array) {
  const decoded = decodeBody(encoding, bytes, limit);
  return decoded.kind === "decoded" ? Buffer.from(decoded.bytes).toString() : decoded.kind;
}

describe("decodeBody", () => {
  it.each<[string | undefined, Uint8Array]>([
    [undefined, text],
    ["identity", text],
    ["gzip", gzipSync(text)],
    [" GZip ", gzipSync(text)],
    ["x-gzip", gzipSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["gzip, br", brotliCompressSync(gzipSync(text))],
    ["gzip", text],
    ["br", text],
    ["aws-chunked", text],
  ])("%s", (encoding, bytes) => expect(read(encoding, bytes)).toBe(text.toString()));

  it("does not guess at what is broken", () => {
    expect(read("gzip", gzipSync(text).subarray(0, -12))).toBe("broken");
    expect(read("br", Buffer.from([1, 2, 3]))).toBe("broken");
    expect(read("gzip", Buffer.alloc(0))).toBe("");
  });

  it("stops at the limit, before and after", () => {
    expect(read(undefined, Buffer.alloc(limit + 1))).toBe("too_large");
    for (const [encoding, pack] of packers) {
      expect([encoding, read(encoding, pack(Buffer.alloc(limit + 1)))]).toEqual([encoding, "too_large"]);
      expect(read(encoding, pack(Buffer.alloc(limit)))).toHaveLength(limit);
    }
  });
});
