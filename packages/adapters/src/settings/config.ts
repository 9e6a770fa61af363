import { availableParallelism } from "node:os";
import { defaultTiming, type InstallationSettings, type Timing } from "@evertoken/core";
import { type NotifyConfig, notifyFaults, readNotifyConfig } from "./notify-config.ts";
import { type RedisPlace, readRedisPlace } from "./redis-place.ts";
import { type Env, SettingsReader, type ToldSetting, type TrustedProxies } from "./settings-reader.ts";

/** Of an OpenID Connect provider that people of the dashboard log in at. */
export interface OpenIdSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly scopes: string;
  /** The claim that names the person. */
  readonly nameClaim: string;
  /** The claim that holds one value or a list, and the values that make an operator or a viewer. */
  readonly roleClaim: string;
  readonly operators: readonly string[];
  readonly viewers: readonly string[];
}

/** All settings that processes share. Read once per process; frozen. Providers read theirs beside it. */
export interface Config {
  /** About settings that are taken in another form than they were given, by name. */
  readonly warnings: readonly string[];
  /** Each setting with what counts of it, and nothing of a secret. */
  readonly told: readonly ToldSetting[];
  readonly databaseUrl: string;
  readonly databasePool: number;
  /** Whether statements are prepared under names: a pooler in transaction mode may not take those along. */
  readonly databasePrepared: boolean;
  readonly redis: RedisPlace;
  readonly redisPrefix: string;
  readonly encryptionKeys: readonly string[];
  readonly spoolDir: string;
  readonly installation: InstallationSettings;
  readonly logLevel: string;
  readonly timing: Timing;
  /** BullMQ's lock on a running job, renewed at half its time, and how often jobs of dead workers are looked for. */
  readonly jobs: { readonly lockMs: number; readonly stalledCheckMs: number };
  readonly lease: {
    readonly leaseMs: number;
    /** By how much the lease has to outlast the request's deadline. */
    readonly reserveMs: number;
    /** So long after its claim a token may still be sent. */
    readonly sendWithinMs: number;
    readonly takeoverMs: number;
    readonly cooldownMs: number;
  };
  readonly request: { readonly timeoutMs: number; readonly allowPrivateAddresses: boolean };
  readonly concurrency: {
    readonly refresh: number;
    readonly notifications: number;
    readonly maintenance: number;
  };
  readonly schedules: {
    readonly reconcile: string;
    readonly sweep: string;
    readonly dailySweep: string;
    readonly prune: string;
    readonly timeZone: string;
  };
  readonly sweepWindowMs: number;
  readonly dailySweepWindowMs: number;
  readonly overdueSpreadMs: number;
  readonly keepLogDays: number;
  /** Of refreshes that granted tokens: nearly all of the log. */
  readonly keepGrantedDays: number;
  readonly shutdownMs: number;
  readonly healthHost: string;
  readonly workerPort: number;
  /** How many processes a worker has. */
  readonly workerProcesses: number;
  readonly schedulerPort: number;
  readonly dashboard: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string | null;
    readonly viewerPassword: string | null;
    /** Where browsers reach it, without a slash at the end. */
    readonly publicUrl: string | null;
    readonly session: { readonly lifetimeMs: number; readonly idleMs: number };
    /** Whether a password alone is not enough. */
    readonly needsSecondFactor: boolean;
    readonly openId: Omit<OpenIdSettings, "issuer" | "clientId"> & {
      readonly issuer: string | null;
      readonly clientId: string | null;
    };
    readonly secureCookies: boolean;
    readonly trustProxy: TrustedProxies;
  };
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** The first key, with every scope; the others are made with it. */
    readonly key: string | null;
    readonly trustProxy: TrustedProxies;
    readonly requestsPerMinute: number;
    readonly failedKeysPerMinute: number;
  };
  readonly reconnectUrl: string | null;
  readonly connect: {
    /** Where the API is reached from outside, without a slash at the end: base of connect links and redirect URIs. */
    readonly publicUrl: string | null;
    /** Where users may be sent to afterwards: an origin, or an origin with the beginning of a path. */
    readonly returnUrls: readonly string[];
    /** Who may show the connect page in a frame. */
    readonly embedOrigins: readonly string[];
    /** What the connect page calls the app; null: by its address. */
    readonly appName: string | null;
    /** How the app shows itself there. */
    readonly brand: {
      readonly logoUrl: string | null;
      /** `#rrggbb` */
      readonly colour: string | null;
      readonly privacyUrl: string | null;
      readonly supportEmail: string | null;
    };
    /** Whether flows without a binding wait for the app's word. */
    readonly confirm: boolean;
    /** Whether providers are sent to the one callback that all share, as it was registered before each had its own. */
    readonly sharedCallback: boolean;
    /** How long the reconnect address of a token error can be opened. */
    readonly reconnectLinkMs: number;
  };
  readonly notify: NotifyConfig;
  /** For how long a revocation is tried that the provider does not confirm. */
  readonly revokeRetryForMs: number;
  readonly sync: {
    /** Runs at a time in one process. */
    readonly concurrency: number;
    /** The first retry of a failed sync; it doubles each time. */
    readonly retryMs: number;
    /** How long one run may take. */
    readonly timeoutMs: number;
  };
}

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;
const shortestApiKey = 32;

/**
 * Reads every setting of a process and reports all faults together.
 *
 * @param env such as `process.env`
 * @param readFile for `<NAME>_FILE` variants of secrets
 */
export function readConfig(env: Env, readFile: (path: string) => string): { config: Config; faults: string[] } {
  const read = new SettingsReader(env, readFile);
  const config: Config = Object.freeze({ ...ofEngine(read), ...ofProcesses(read) });
  const { api, notify } = config;
  return { config, faults: [...read.faults, ...leaseFaults(config), ...keyFaults(api), ...notifyFaults(notify)] };
}

/** The same for an engine inside an app: what only processes need is not read, and has its default. */
export function readEngineConfig(env: Env, readFile: (path: string) => string): { config: Config; faults: string[] } {
  const read = new SettingsReader(env, readFile);
  const config: Config = Object.freeze({ ...ofProcesses(new SettingsReader({}, readFile)), ...ofEngine(read) });
  return { config, faults: [...read.faults, ...leaseFaults(config)] };
}

function ofEngine(read: SettingsReader) {
  const timeoutMs = read.ms("REQUEST_TIMEOUT_MS", 30 * second);
  return {
    ...{ warnings: read.warnings, told: read.told },
    databaseUrl: read.url("DATABASE_URL", ["postgres:", "postgresql:"]),
    databasePool: read.integer("DATABASE_POOL", 20, { min: 1, max: 1000 }),
    databasePrepared: read.flag("DATABASE_PREPARED", true),
    redis: readRedisPlace(read),
    redisPrefix: read.text("REDIS_PREFIX", "evertoken"),
    encryptionKeys: read.hexKeys("ENCRYPTION_KEY"),
    spoolDir: read.text("SPOOL_DIR", ".evertoken/spool"),
    installation: {
      startHeld: read.flag("START_HELD", false),
      replicaLagMs: read.ms("REPLICA_LAG_MS", 2 * minute, 0),
    },
    timing: readTiming(read),
    jobs: {
      lockMs: read.ms("JOB_LOCK_MS", 30 * second, 1000),
      stalledCheckMs: read.ms("JOB_STALLED_CHECK_MS", 10 * second, 500),
    },
    lease: readLease(read, timeoutMs),
    request: {
      timeoutMs,
      allowPrivateAddresses: read.flag("EVERTOKEN_ALLOW_PRIVATE_ADDRESSES", false),
    },
    shutdownMs: read.ms("SHUTDOWN_MS", 45 * second),
    revokeRetryForMs: read.ms("REVOKE_RETRY_FOR_MS", day, 0),
    sync: {
      concurrency: read.integer("SYNC_CONCURRENCY", 5, { min: 1, max: 1000 }),
      retryMs: read.ms("SYNC_RETRY_MS", 10 * second),
      timeoutMs: read.ms("SYNC_TIMEOUT_MS", 15 * minute),
    },
    reconnectUrl: read.optionalText("RECONNECT_URL"),
    connect: {
      publicUrl: read.webUrls("PUBLIC_URL", "prefix")[0] ?? null,
      returnUrls: read.webUrls("RETURN_URL_ALLOWLIST", "prefix"),
      embedOrigins: read.webUrls("EMBED_ORIGINS", "origin"),
      appName: read.optionalText("APP_NAME"),
      brand: {
        logoUrl: read.webUrls("APP_LOGO_URL", "prefix")[0] ?? null,
        colour: read.shaped("APP_COLOR", /^#[0-9a-f]{6}$/i, "a colour such as #0b6b57"),
        privacyUrl: read.webUrls("APP_PRIVACY_URL", "prefix")[0] ?? null,
        supportEmail: read.shaped("APP_SUPPORT_EMAIL", /^[^\s@<>"?&]+@[^\s@<>"?&]+$/, "a mail address"),
      },
      confirm: read.oneOf("CONNECT_CONFIRM", ["on", "off"], "on") === "on",
      sharedCallback: read.flag("CONNECT_SHARED_CALLBACK", false),
      reconnectLinkMs: read.ms("RECONNECT_LINK_MS", 15 * minute, minute),
    },
  };
}

function ofProcesses(read: SettingsReader) {
  const keepLogDays = read.integer("KEEP_LOG_DAYS", 90, { min: 1, max: 3650 });
  return {
    logLevel: read.oneOf("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "fatal", "silent"], "info"),
    concurrency: {
      refresh: read.integer("REFRESH_CONCURRENCY", 50, { min: 1, max: 10_000 }),
      notifications: read.integer("NOTIFICATIONS_CONCURRENCY", 10, { min: 1, max: 1000 }),
      maintenance: read.integer("MAINTENANCE_CONCURRENCY", 1, { min: 1, max: 10 }),
    },
    schedules: {
      reconcile: read.cron("RECONCILE_CRON", "* * * * *"),
      sweep: read.cron("SWEEP_CRON", "*/5 * * * *"),
      dailySweep: read.cron("DAILY_SWEEP_CRON", "0 2 * * *"),
      prune: read.cron("PRUNE_CRON", "30 3 * * *"),
      timeZone: read.timeZone("SCHEDULE_TIME_ZONE", "UTC"),
    },
    sweepWindowMs: read.ms("SWEEP_WINDOW_MS", 5 * minute),
    dailySweepWindowMs: read.ms("DAILY_SWEEP_WINDOW_MS", day),
    overdueSpreadMs: read.ms("OVERDUE_SPREAD_MS", minute, 0),
    keepLogDays,
    keepGrantedDays: read.integer("KEEP_GRANTED_DAYS", Math.min(7, keepLogDays), { min: 1, max: keepLogDays }),
    healthHost: read.text("HEALTH_HOST", "127.0.0.1"),
    workerPort: read.integer("WORKER_PORT", 3011, { min: 0, max: 65_535 }),
    workerProcesses: read.integer("WORKER_PROCESSES", availableParallelism(), { min: 1, max: 256 }),
    schedulerPort: read.integer("SCHEDULER_PORT", 3012, { min: 0, max: 65_535 }),
    dashboard: readDashboard(read),
    api: {
      host: read.text("API_HOST", "127.0.0.1"),
      port: read.integer("API_PORT", 3013, { min: 0, max: 65_535 }),
      key: read.secret("EVERTOKEN_API_KEY"),
      trustProxy: read.proxies("API_TRUST_PROXY"),
      requestsPerMinute: read.integer("API_REQUESTS_PER_MINUTE", 60_000, { min: 1, max: 100_000_000 }),
      failedKeysPerMinute: read.integer("API_FAILED_KEYS_PER_MINUTE", 10, { min: 2, max: 1_000_000 }),
    },
    notify: readNotifyConfig(read),
  };
}

function readDashboard(read: SettingsReader): Config["dashboard"] {
  const publicUrl = read.webUrls("DASHBOARD_PUBLIC_URL", "origin")[0] ?? null;
  const outside = publicUrl ?? read.webUrls("PUBLIC_URL", "prefix")[0];
  return {
    host: read.text("DASHBOARD_HOST", "127.0.0.1"),
    port: read.integer("DASHBOARD_PORT", 3010, { min: 0, max: 65_535 }),
    publicUrl,
    user: read.text("DASHBOARD_USER", "operator"),
    password: read.secret("DASHBOARD_PASSWORD"),
    viewerPassword: read.secret("DASHBOARD_VIEWER_PASSWORD"),
    session: {
      lifetimeMs: read.ms("DASHBOARD_SESSION_MS", day / 2, minute),
      idleMs: read.ms("DASHBOARD_IDLE_MS", 60 * minute, minute),
    },
    openId: {
      issuer: read.webUrls("DASHBOARD_OIDC_ISSUER", "prefix")[0] ?? null,
      clientId: read.optionalText("DASHBOARD_OIDC_CLIENT_ID"),
      clientSecret: read.secret("DASHBOARD_OIDC_CLIENT_SECRET"),
      scopes: read.text("DASHBOARD_OIDC_SCOPES", "openid profile email"),
      nameClaim: read.text("DASHBOARD_OIDC_NAME_CLAIM", "preferred_username"),
      roleClaim: read.text("DASHBOARD_OIDC_ROLE_CLAIM", "roles"),
      operators: read.list("DASHBOARD_OIDC_OPERATORS", "evertoken-operator"),
      viewers: read.list("DASHBOARD_OIDC_VIEWERS", "evertoken-viewer"),
    },
    needsSecondFactor: read.flag("DASHBOARD_SECOND_FACTOR_NEEDED", false),
    secureCookies: read.flag("DASHBOARD_SECURE_COOKIES", outside?.startsWith("https:") ?? false),
    trustProxy: read.proxies("DASHBOARD_TRUST_PROXY"),
  };
}

function readTiming(read: SettingsReader): Timing {
  return {
    marginMs: read.ms("REFRESH_MARGIN_MS", defaultTiming.marginMs),
    spreadMs: read.ms("REFRESH_SPREAD_MS", defaultTiming.spreadMs, 0),
    leastApartMs: read.ms("REFRESH_LEAST_APART_MS", defaultTiming.leastApartMs, 0),
    quickRetryMs: read.ms("QUICK_RETRY_MS", defaultTiming.quickRetryMs),
    quickRetries: read.integer("QUICK_RETRIES", defaultTiming.quickRetries, { min: 0, max: 20 }),
    quickRetryCapMs: read.ms("QUICK_RETRY_CAP_MS", defaultTiming.quickRetryCapMs),
    jitter: defaultTiming.jitter,
    retryMs: read.ms("RETRY_MS", defaultTiming.retryMs),
    retryForMs: read.ms("RETRY_FOR_MS", defaultTiming.retryForMs),
    slowRetryMs: read.ms("SLOW_RETRY_MS", defaultTiming.slowRetryMs),
    giveUpAfterMs: read.ms("GIVE_UP_AFTER_MS", defaultTiming.giveUpAfterMs),
    carefulRetryMs: read.ms("CAREFUL_RETRY_MS", defaultTiming.carefulRetryMs),
    throttleMs: read.ms("THROTTLE_MS", defaultTiming.throttleMs),
    throttleCapMs: read.ms("THROTTLE_CAP_MS", defaultTiming.throttleCapMs),
    circuitProbeMs: read.ms("CIRCUIT_PROBE_MS", defaultTiming.circuitProbeMs),
    unknownProbeMs: read.ms("UNKNOWN_PROBE_MS", defaultTiming.unknownProbeMs),
    unknownToOpenCircuit: read.integer("UNKNOWN_TO_OPEN_CIRCUIT", defaultTiming.unknownToOpenCircuit, {
      min: 1,
      max: 1000,
    }),
    unknownWindowMs: read.ms("UNKNOWN_WINDOW_MS", defaultTiming.unknownWindowMs),
    unknownReconnectAfterMs: read.ms("UNKNOWN_RECONNECT_AFTER_MS", defaultTiming.unknownReconnectAfterMs),
    denialsToSuspect: read.integer("DENIALS_TO_SUSPECT", defaultTiming.denialsToSuspect, { min: 2, max: 1000 }),
    denialsBelievedAfterMs: read.ms("DENIALS_BELIEVED_AFTER_MS", defaultTiming.denialsBelievedAfterMs),
  };
}

/** A third of the reserve is for storing what a request brought; what is left of the lease is for getting to the request. */
function readLease(read: SettingsReader, timeoutMs: number): Config["lease"] {
  const leaseMs = read.ms("LEASE_MS", minute);
  const reserveMs = read.ms("LEASE_RESERVE_MS", 15 * second, 1000);
  return {
    leaseMs,
    reserveMs,
    sendWithinMs: leaseMs - timeoutMs - Math.round(reserveMs / 3),
    takeoverMs: read.ms("LEASE_TAKEOVER_MS", 5 * second),
    cooldownMs: read.ms("ON_DEMAND_COOLDOWN_MS", 30 * second, 0),
  };
}

/** Settings that are each fine and together are not. */
function leaseFaults({ request, lease: { leaseMs, reserveMs } }: Config): string[] {
  const least = request.timeoutMs + reserveMs;
  if (leaseMs >= least) return [];
  return [
    `LEASE_MS needs to be ${least} or more (REQUEST_TIMEOUT_MS and LEASE_RESERVE_MS together): what a request brings has to be stored while the right to send it holds`,
  ];
}

function keyFaults({ key }: Config["api"]): string[] {
  if (key === null || key.length >= shortestApiKey) return [];
  return [`EVERTOKEN_API_KEY needs ${shortestApiKey} characters or more, as \`openssl rand -base64 32\` makes them`];
}

/** A start with wrong settings: every fault is named, nothing was touched. */
export class ConfigError extends Error {
  readonly code = "wrong_settings";
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `${faults.length} wrong setting${faults.length === 1 ? "" : "s"}:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.faults = faults;
  }
}
