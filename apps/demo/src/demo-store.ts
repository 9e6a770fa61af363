import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Adapter, type AdapterPayload, errors, type JWK } from "oidc-provider";

export type DemoStore = ReturnType<typeof openDemoStore>;

const schema = `
  create table if not exists artifacts (
    model text not null, key text not null, payload text not null,
    grant_id text, uid text, consumed_at integer, expires_at integer,
    primary key (model, key)
  ) without rowid;
  create index if not exists artifacts_grant on artifacts (grant_id) where grant_id is not null;
  create index if not exists artifacts_expiry on artifacts (expires_at) where expires_at is not null;
  create table if not exists settings (name text primary key, value text not null);
  create table if not exists presentations (
    id integer primary key, token_hash text not null, account text, answer text not null, presented_at_ms integer not null
  );
  create index if not exists presentations_token on presentations (token_hash);
`;

/** What a client can present is kept under its hash only, so that the demo's data file holds no token either. */
const presentable = new Set(["AccessToken", "AuthorizationCode", "RefreshToken"]);

export const hashToken = (token: string): string => createHash("sha256").update(token).digest("hex");

const keepPresentationsMs = 60 * 24 * 60 * 60 * 1000;

const epochSeconds = () => Math.floor(Date.now() / 1000);

/**
 * The authorization server's memory: one SQLite file, in WAL mode, so that each write is whole or absent after a `kill -9`.
 *
 * @param dataFile its folder is made when it is missing
 */
export function openDemoStore(dataFile: string) {
  mkdirSync(dirname(dataFile), { recursive: true });
  const database = new DatabaseSync(dataFile);
  database.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 2000;");
  database.exec(schema);
  const readSetting = database.prepare("select value from settings where name = ?");
  const writeSetting = database.prepare("insert into settings (name, value) values (?, ?)");

  /** A value that is made once and then stays, such as the signing key. */
  function setting<T>(name: string, make: () => T): T {
    const row = readSetting.get(name);
    if (row) return JSON.parse(String(row.value));
    const made = make();
    writeSetting.run(name, JSON.stringify(made));
    return made;
  }

  return {
    database,
    adapter: createAdapterFactory(database),
    signingKey: () =>
      setting("signing_key", (): JWK => {
        const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
        return { ...(privateKey.export({ format: "jwk" }) as JWK), use: "sig" };
      }),
    cookieKey: () => setting("cookie_key", () => randomBytes(32).toString("base64url")),
    prune(): void {
      database.prepare("delete from artifacts where expires_at < ?").run(epochSeconds());
      database.prepare("delete from presentations where presented_at_ms < ?").run(Date.now() - keepPresentationsMs);
    },
    close: () => database.close(),
  };
}

/** oidc-provider's adapter contract over one table. */
function createAdapterFactory(database: DatabaseSync): (model: string) => Adapter {
  const upsert = database.prepare(`
    insert into artifacts (model, key, payload, grant_id, uid, consumed_at, expires_at) values (?, ?, ?, ?, ?, ?, ?)
    on conflict (model, key) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
      consumed_at = excluded.consumed_at, expires_at = excluded.expires_at`);
  const live = "(expires_at is null or expires_at > ?)";
  const find = database.prepare(`select payload, consumed_at from artifacts where model = ? and key = ? and ${live}`);
  const findUid = database.prepare(`select key, payload from artifacts where model = ? and uid = ? and ${live}`);
  const consume = database.prepare(
    "update artifacts set consumed_at = ? where model = ? and key = ? and consumed_at is null",
  );
  const destroy = database.prepare("delete from artifacts where model = ? and key = ?");
  const revoke = database.prepare("delete from artifacts where grant_id = ? and model <> 'Grant'");

  const grantIdOf = database.prepare("select grant_id from artifacts where model = ? and key = ?");
  const revokeGrant = database.prepare("delete from artifacts where grant_id = ? or (model = 'Grant' and key = ?)");

  return (model) => {
    const keyOf = (id: string) => (presentable.has(model) ? hashToken(id) : id);
    return {
      async upsert(id, { jti, consumed, ...payload }, expiresIn) {
        const expiresAt = expiresIn ? epochSeconds() + expiresIn : null;
        const { grantId = null, uid = null } = payload;
        upsert.run(model, keyOf(id), JSON.stringify(payload), grantId, uid, consumed ?? null, expiresAt);
      },
      async find(id) {
        const row = find.get(model, keyOf(id), epochSeconds());
        if (!row) return undefined;
        const payload: AdapterPayload = { ...JSON.parse(String(row.payload)), jti: id };
        return row.consumed_at === null ? payload : { ...payload, consumed: row.consumed_at };
      },
      async findByUid(uid) {
        const row = findUid.get(model, uid, epochSeconds());
        return row && { ...JSON.parse(String(row.payload)), jti: row.key };
      },
      // Only the device flow has user codes, and it is off.
      async findByUserCode() {
        return undefined;
      },
      async consume(id) {
        // oidc-provider looks at `consumed` and consumes some awaits later, so that two requests with one refresh token could both be
        // granted. Here the second one is refused, and the grant goes with it, so that what the first one got is worth nothing.
        if (consume.run(epochSeconds(), model, keyOf(id)).changes === 1) return;
        const grantId = grantIdOf.get(model, keyOf(id))?.grant_id;
        if (grantId) revokeGrant.run(grantId, grantId);
        throw new errors.InvalidGrant("already used");
      },
      async destroy(id) {
        destroy.run(model, keyOf(id));
      },
      async revokeByGrantId(grantId) {
        revoke.run(grantId);
      },
    };
  };
}
