import { isIP } from "node:net";
import { hasAmbiguousPath, pastedWarnings, readPasted } from "@evertoken/core";
import { CronExpressionParser } from "cron-parser";
import { isGuessable } from "../encryption-key.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** Smaller than this it is nearly everybody's. */
const shortestPrefix = { 4: 8, 6: 16 } as const;

function isNetwork(text: string): boolean {
  const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6) return false;
  return bits === undefined || (Number(bits) >= shortestPrefix[family] && Number(bits) <= (family === 4 ? 32 : 128));
}

/** How many proxies are in front of us, or their networks; false: none. */
export type TrustedProxies = false | number | string[];

/** A setting as it may be shown to operators. */
export interface ToldSetting {
  readonly name: string;
  readonly given: boolean;
  /** Then nothing of it is told. */
  readonly secret: boolean;
  /** What counts; null: nothing does, or it is a secret. */
  readonly value: string | null;
}

/** Reads settings one by one and collects what is wrong instead of stopping at the first. Never repeats a secret in a fault. */
export class SettingsReader {
  readonly faults: string[] = [];
  /** What was taken off secrets that were pasted with something around them. */
  readonly warnings: string[] = [];
  /** Each that was asked for, in the order in which they were. */
  readonly told: ToldSetting[] = [];
  readonly #env: Env;
  readonly #readFile: (path: string) => string;

  constructor(env: Env, readFile: (path: string) => string) {
    this.#env = env;
    this.#readFile = readFile;
  }

  text(name: string, fallback: string): string {
    return this.#open(name, fallback) ?? fallback;
  }

  optionalText(name: string): string | null {
    return this.#open(name, null);
  }

  #open(name: string, fallback: string | null): string | null {
    const value = this.#given(name);
    this.#tell({ name, given: value !== null, secret: false, value: value ?? fallback });
    return value;
  }

  #given(name: string): string | null {
    const value = this.#env[name]?.trim();
    return value === undefined || value === "" ? null : value;
  }

  /** Some are read in several places. */
  #tell(told: ToldSetting): void {
    if (!this.told.some(({ name }) => name === told.name)) this.told.push(told);
  }

  /** From the variable, or from the file that `<NAME>_FILE` names. */
  secret(name: string): string | null {
    const text = this.#unread(name);
    return text === null ? null : this.#pasted(name, text);
  }

  #unread(name: string): string | null {
    const value = this.#given(name);
    const path = this.#given(`${name}_FILE`);
    this.#tell({ name, given: value !== null || path !== null, secret: true, value: null });
    if (value !== null && path !== null) return this.#fault(`${name} and ${name}_FILE are both set: keep one`, null);
    if (path === null) return value === null ? null : (this.#env[name] as string);
    try {
      // Editors end files with a line break: nobody pasted it.
      return this.#readFile(path).replace(/\r?\n$/, "");
    } catch {
      return this.#fault(`${name}_FILE: ${path} cannot be read`, null);
    }
  }

  #pasted(name: string, text: string): string | null {
    const read = readPasted(text);
    if ("fault" in read) return this.#fault(`${name} ${read.fault}`, null);
    this.warnings.push(...pastedWarnings(name, read).filter((warning) => !this.warnings.includes(warning)));
    return read.value;
  }

  url(name: string, protocols: readonly string[]): string {
    const begins = protocols.map((protocol) => `${protocol}//`);
    const parse = (value: string) =>
      protocols.includes(URL.parse(value)?.protocol ?? "")
        ? { value }
        : `is not a URL that begins with ${begins.join(" or ")}`;
    return this.parsed(name, `a URL that begins with ${begins[0]}`, parse)?.value ?? "";
  }

  /** A secret of one form, of which the parser says what is wrong. */
  parsed<T extends object>(name: string, wanted: string, parse: (text: string) => T | string): T | null {
    const before = this.faults.length;
    const text = this.secret(name);
    if (text === null) return this.faults.length > before ? null : this.#fault(`${name} is missing: ${wanted}`, null);
    const read = parse(text);
    return typeof read === "string" ? this.#fault(`${name} ${read}`, null) : read;
  }

  /** A certificate or its key; a variable may have `\n` for the ends of lines. */
  pem(name: string): string | null {
    const text = this.#unread(name)?.replaceAll("\\n", "\n") ?? null;
    if (text === null || text.includes("-----BEGIN ")) return text;
    return this.#fault(`${name} is no PEM text: it begins with -----BEGIN`, null);
  }

  /** Addresses separated by commas, in their canonical form and without a slash at the end. */
  webUrls(name: string, kind: "origin" | "prefix"): string[] {
    const values = (this.optionalText(name) ?? "").split(/[\s,]+/).filter((value) => value !== "");
    return values.flatMap((value) => {
      const url = URL.parse(value);
      const web = url?.protocol === "https:" || url?.protocol === "http:";
      const plain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
      if (url === null || !web || !plain || hasAmbiguousPath(value) || (kind === "origin" && url.pathname !== "/")) {
        const wanted = kind === "origin" ? "https://app.example" : "https://app.example or https://app.example/path";
        return this.#fault(`${name}: "${value}" is not an address such as ${wanted}`, []);
      }
      return [url.href.replace(/\/$/, "")];
    });
  }

  /** Words separated by commas. */
  list(name: string, fallback: string): string[] {
    const words = this.text(name, fallback).split(",");
    return words.map((word) => word.trim()).filter((word) => word !== "");
  }

  /** A text of one form, which `wanted` tells. */
  shaped(name: string, form: RegExp, wanted: string): string | null {
    const value = this.optionalText(name);
    if (value === null || form.test(value)) return value;
    return this.#fault(`${name} is "${value}": it needs ${wanted}`, null);
  }

  integer(name: string, fallback: number, { min, max }: { min: number; max: number }): number {
    const value = this.#open(name, String(fallback));
    if (value === null) return fallback;
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= min && number <= max) return number;
    return this.#fault(`${name} is "${value}": it needs a whole number from ${min} to ${max}`, fallback);
  }

  ms(name: string, fallback: number, min = 1): number {
    return this.integer(name, fallback, { min, max: 366 * 24 * 60 * 60 * 1000 });
  }

  flag(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ["true", "false"], String(fallback)) === "true";
  }

  oneOf(name: string, allowed: readonly string[], fallback: string): string {
    const value = this.text(name, fallback);
    if (allowed.includes(value)) return value;
    return this.#fault(`${name} is "${value}": it needs one of ${allowed.join(", ")}`, fallback);
  }

  cron(name: string, fallback: string): string {
    const value = this.text(name, fallback);
    try {
      CronExpressionParser.parse(value);
      return value;
    } catch {
      return this.#fault(`${name} is "${value}": it needs a cron expression such as */5 * * * *`, fallback);
    }
  }

  timeZone(name: string, fallback: string): string {
    const value = this.text(name, fallback);
    try {
      new Intl.DateTimeFormat("en", { timeZone: value });
      return value;
    } catch {
      return this.#fault(`${name} is "${value}": it needs an IANA time zone such as UTC or Europe/Berlin`, fallback);
    }
  }

  /**
   * Who may state a client's address (`X-Forwarded-For`): how many proxies are in front of us, or their networks. Never everybody, who would
   * write there what they like.
   */
  proxies(name: string): TrustedProxies {
    const text = this.text(name, "false");
    if (text === "false" || text === "0") return false;
    const advice = "write how many proxies are in front of it (1), or their addresses (10.0.0.0/8, 192.0.2.7)";
    if (text === "true") return this.#fault(`${name} is "true", and everybody would be believed: ${advice}`, false);
    if (/^[1-9]$/.test(text)) return Number(text);
    const networks = text.split(/[\s,]+/).filter((network) => network !== "");
    const wrong = networks.find((network) => !isNetwork(network));
    return wrong === undefined
      ? networks
      : this.#fault(`${name}: "${wrong}" is none of ours to believe: ${advice}`, false);
  }

  /** A ring: the first key encrypts, the others still open. */
  hexKeys(name: string): string[] {
    const text = this.#unread(name);
    if (text === null || text.trim() === "")
      return this.#fault(`${name} is missing: 64 hex digits, as \`openssl rand -hex 32\` makes them`, []);
    // One key a line is as good as commas.
    const ring = this.#pasted(name, text.replace(/[\s,]*[\n,][\s,]*/g, ",")) ?? "";
    const keys = ring
      .split(/[\s,]+/)
      .filter((key) => key !== "")
      .map((key) => this.#pasted(name, key) ?? "");
    if (keys.length > 0 && keys.every((key) => /^[0-9a-f]{64}$/i.test(key))) return this.#drawn(name, keys);
    return this.#fault(
      `${name} needs 64 hex digits; several keys are separated by commas, the one to encrypt with first`,
      [],
    );
  }

  /** One that others can guess may still open what it has encrypted. */
  #drawn(name: string, keys: string[]): string[] {
    if (!isGuessable(keys[0] ?? "")) return keys;
    return this.#fault(
      `${name} can be guessed: put one that \`openssl rand -hex 32\` makes in front of it, with a comma between, and run \`evertoken keys rotate\``,
      keys,
    );
  }

  #fault<T>(text: string, instead: T): T {
    // Some are read in several places, and are wrong once.
    if (!this.faults.includes(text)) this.faults.push(text);
    return instead;
  }
}
