import { expect, test } from "vitest";
import { parseRedisUrl, readRedisPlace } from "./redis-place.ts";
import { SettingsReader } from "./settings-reader.ts";

const login = { username: "app", password: "s3:c@ret" };

test.each([
  ["redis://redis", { kind: "server", url: "redis://redis", tls: null }],
  ["rediss://:p@redis:6380/1?family=6", { kind: "server", url: "rediss://:p@redis:6380/1?family=6", tls: {} }],
  [
    "redis+cluster://app:s3%3Ac%40ret@one,two:7001,[::1]:7002",
    {
      kind: "cluster",
      hosts: [
        { host: "one", port: 6379 },
        { host: "two", port: 7001 },
        { host: "::1", port: 7002 },
      ],
      ...{ login, tls: null },
    },
  ],
  [
    "rediss+sentinel://:p@one,two:5000/my%20primary/2?sentinel_username=u&sentinel_password=a%26b",
    {
      kind: "sentinel",
      hosts: [
        { host: "one", port: 26_379 },
        { host: "two", port: 5000 },
      ],
      ...{ masterName: "my primary", db: 2, login: { password: "p" }, tls: {} },
      sentinelLogin: { username: "u", password: "a&b" },
    },
  ],
  ["redis+sentinel://one/main", { kind: "sentinel", masterName: "main", db: 0, login: {}, sentinelLogin: {} }],
])("%s", (url, place) => {
  expect(parseRedisUrl(url)).toMatchObject(place);
});

test.each([
  ["http://redis", /^is not a URL like redis:.* redis\+cluster:.* redis\+sentinel:/],
  ["redis://:s3cret@one:1,two:2", /^has several hosts: begin it with redis\+cluster:\/\/ or redis\+sentinel:/],
  ["redis://:s3cret@one:port", /^is not a URL like/],
  ["redis+cluster://:s3cret@one:1,two:port", /^has a host that is not of the form host:port/],
  ["redis+cluster://:s3cret@one:1,", /^has a host/],
  ["redis+cluster://:s3cret@one/1", /^ends with a database/],
  ["redis+sentinel://:s3cret@one,two", /^lacks the name of the primary/],
  ["redis+sentinel://:s3cret@one/main/first", /^may end with the name of the primary and the number/],
])("%s says what to write, and no secret", (url, fault) => {
  expect(parseRedisUrl(url)).toEqual(expect.stringMatching(fault));
  expect(parseRedisUrl(url)).not.toContain("s3cret");
});

const pem = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----";

function read(env: Record<string, string>) {
  const reader = new SettingsReader(env, () => pem);
  return { place: readRedisPlace(reader), faults: reader.faults };
}

test("certificates are PEM texts, or files of them, and go with TLS only", () => {
  const REDIS_URL = "rediss://redis";
  const { place, faults } = read({ REDIS_URL, REDIS_TLS_CA: pem, REDIS_TLS_CERT_FILE: "/c", REDIS_TLS_KEY_FILE: "/k" });
  const text = pem.replaceAll("\\n", "\n");
  expect([place.tls, faults]).toEqual([{ ca: text, cert: text, key: text }, []]);
  expect(read({ REDIS_URL, REDIS_TLS_CA: "/etc/ca.pem" }).faults).toEqual([
    expect.stringMatching(/^REDIS_TLS_CA .*PEM/),
  ]);
  expect(read({ REDIS_URL, REDIS_TLS_CERT: pem }).faults).toEqual([expect.stringMatching(/need each other/)]);
  expect(read({ REDIS_URL: "redis://redis", REDIS_TLS_CA: pem }).faults).toEqual([expect.stringMatching(/rediss/)]);
});
