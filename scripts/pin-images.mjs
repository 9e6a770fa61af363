/**
 * Names the images of Dockerfile and docker-compose.yml by the digests that their tags have now, so that nobody can put others in their place:
 *
 *   npm run pin-images                 # asks Docker Hub; run it again to move on to newer ones of the same tags
 *   npm run pin-images -- <url>        # asks a mirror of it
 *
 * Writes either all of them or none.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [registry = "https://registry-1.docker.io"] = process.argv.slice(2);

const image = /^(FROM |\s+image: )([a-z]+):([\w.-]+)(?:@sha256:[0-9a-f]{64})?/gm;
/** Of all platforms. */
const indexes = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json";

try {
  const files = ["Dockerfile", "docker-compose.yml"].map((name) => join(process.cwd(), name));
  const pinned = [];
  for (const file of files) pinned.push(await pin(readFileSync(file, "utf8")));
  for (const [index, file] of files.entries()) writeFileSync(file, pinned[index]);
} catch (error) {
  console.error(`nothing is pinned: ${error.message}${error.cause ? ` (${error.cause.message})` : ""}`);
  process.exitCode = 1;
}

async function pin(text) {
  const digests = new Map();
  for (const [, , name, tag] of text.matchAll(image)) {
    if (!digests.has(`${name}:${tag}`)) digests.set(`${name}:${tag}`, await digestOf(name, tag));
  }
  return text.replaceAll(image, (_, before, name, tag) => `${before}${name}:${tag}@${digests.get(`${name}:${tag}`)}`);
}

/** As any client of a registry asks (https://distribution.github.io/distribution/spec/auth/token/): who is told where to get a token gets one. */
async function digestOf(name, tag) {
  const ask = (headers) =>
    fetch(`${registry}/v2/library/${name}/manifests/${tag}`, {
      method: "HEAD",
      headers: { accept: indexes, ...headers },
    });
  let answer = await ask({});
  if (answer.status === 401) answer = await ask({ authorization: `Bearer ${await tokenFor(answer)}` });
  const digest = answer.headers.get("docker-content-digest") ?? "";
  if (!answer.ok || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new Error(`${registry} names no digest of ${name}:${tag} (HTTP ${answer.status})`);
  }
  console.log(`${name}:${tag} is ${digest}`);
  return digest;
}

async function tokenFor(refusal) {
  const challenge = refusal.headers.get("www-authenticate") ?? "";
  const { realm, ...query } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));
  if (realm === undefined) throw new Error(`${registry} refuses, and does not say where a token is to be had`);
  const answer = await fetch(`${realm}?${new URLSearchParams(query)}`);
  const { token, access_token = token } = answer.ok ? await answer.json() : {};
  if (access_token === undefined) throw new Error(`${realm} gives no token (HTTP ${answer.status})`);
  return access_token;
}
