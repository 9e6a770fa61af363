import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type LocalServer, startRedis } from "@evertoken/local";
import { Redis, type RedisOptions } from "ioredis";
import { localhostCertificate } from "../contract/localhost-certificate.ts";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";

/** The default user, as whom tests come, and that of Evertoken's processes, with what the guide says that it needs, for keys of rigs. */
const users = `user default on nopass ~* &* +@all
user app on >secret ~{t* &* +@all -@dangerous +info +config|get
`;

export interface Server {
  readonly server: LocalServer;
  /** As the default user, who may do everything. */
  readonly redis: Redis;
}

export interface ServeOptions {
  readonly conf?: Readonly<Record<string, string>>;
  /** Nothing but TLS, and only for who shows a certificate. */
  readonly tls?: boolean;
  /** The program, in place of the machine's first. */
  readonly file?: string;
}

const { cert, key } = localhostCertificate;
/** It signed itself. */
export const certificates = { ca: cert, cert, key };

export async function serve({ conf = {}, tls = false, file }: ServeOptions = {}): Promise<Server> {
  const directory = await temporaryDirectory();
  const [port, aclfile] = [await freePort(), join(directory, "users.acl")];
  await writeFile(aclfile, users);
  const server = await startRedis({
    ...{ dataDir: join(directory, "redis"), port },
    conf: { aclfile, ...conf, ...(tls ? await tlsConf(directory, port) : {}) },
    ...(file !== undefined && { file }),
  });
  onFileEnd(() => server.stop());
  return { server, redis: connect({ port, ...(tls && { tls: certificates }) }) };
}

async function tlsConf(directory: string, port: number): Promise<Record<string, string>> {
  const [certFile, keyFile] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
  const files = { "tls-cert-file": certFile, "tls-key-file": keyFile, "tls-ca-cert-file": certFile };
  return { port: "0", "tls-port": String(port), ...files };
}

export function connect(options: RedisOptions): Redis {
  const redis = new Redis({ host: "127.0.0.1", ...options });
  redis.on("error", () => {});
  onFileEnd(async () => redis.disconnect());
  return redis;
}

export const hostsOf = (servers: readonly Server[]) =>
  servers.map(({ server }) => `127.0.0.1:${server.port}`).join(",");

export async function follow(replicas: readonly Server[]): Promise<boolean> {
  const infos = await Promise.all(replicas.map(({ redis }) => redis.info("replication")));
  return infos.every((info) => info.includes("master_link_status:up"));
}

export const succeeds = (task: Promise<unknown>): Promise<boolean> =>
  task.then(
    () => true,
    () => false,
  );
