import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from "node:zlib";

export type DecodedBody =
  | { readonly kind: "decoded"; readonly bytes: Uint8Array }
  | { readonly kind: "too_large" }
  | { readonly kind: "broken" };

type Decoder = (bytes: Uint8Array, options: ZlibOptions) => Uint8Array;

const decoders: Readonly<Record<string, readonly Decoder[]>> = {
  gzip: [gunzipSync],
  "x-gzip": [gunzipSync],
  br: [(bytes, { maxOutputLength }) => brotliDecompressSync(bytes, maxOutputLength ? { maxOutputLength } : {})],
  // RFC 9110 section 8.4.1.2: zlib's format; some servers send the bare stream.
  deflate: [inflateSync, inflateRawSync],
  zstd: [(bytes, { maxOutputLength }) => zstdDecompressSync(bytes, maxOutputLength ? { maxOutputLength } : {})],
};

/**
 * Undoes a Content-Encoding (RFC 9110 section 8.4), as far as it was done: a body that is plain text although the header calls it
 * compressed is taken as it is, for it may hold tokens. Never throws.
 */
export function decodeBody(encoding: string | undefined, bytes: Uint8Array, maxBytes: number): DecodedBody {
  if (bytes.byteLength > maxBytes) return { kind: "too_large" };
  const names = (encoding ?? "").split(",").map((name) => name.trim().toLowerCase());
  let decoded: DecodedBody = { kind: "decoded", bytes };
  for (const name of names.reverse()) {
    const ways = decoders[name];
    // An empty body is empty in every encoding (a 204, a HEAD-like refusal).
    if (ways === undefined || decoded.kind !== "decoded" || decoded.bytes.byteLength === 0) continue;
    decoded = decodeOnce(ways, decoded.bytes, maxBytes);
  }
  return decoded;
}

function decodeOnce(ways: readonly Decoder[], bytes: Uint8Array, maxBytes: number): DecodedBody {
  for (const decode of ways) {
    try {
      return { kind: "decoded", bytes: decode(bytes, { maxOutputLength: maxBytes }) };
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE")
        return { kind: "too_large" };
    }
  }
  return isPlain(bytes) ? { kind: "decoded", bytes } : { kind: "broken" };
}

/** JSON, a page or a form. Asked only after decoding has failed. */
function isPlain(bytes: Uint8Array): boolean {
  return /^\s*([{["<]|access_token=|error=)/.test(Buffer.from(bytes.subarray(0, 64)).toString("latin1"));
}
