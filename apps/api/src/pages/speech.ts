import { type Html, html } from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cookieOf } from "../flow-cookie.ts";
import { de } from "./words/de.ts";
import { en } from "./words/en.ts";
import { es } from "./words/es.ts";
import { fr } from "./words/fr.ts";
import { ja } from "./words/ja.ts";
import { pt } from "./words/pt.ts";
import type { Words } from "./words/words.ts";

/** Each in a file of its own. */
export const languages = { en, de, fr, es, pt, ja };
type Language = keyof typeof languages;

export interface Speech {
  readonly language: Language;
  readonly words: Words;
}

const cookie = "evertoken_locale";

/** By `?locale=`, which the browser keeps until it is closed; else by what the browser prefers; else English. */
export function speechOf(request: FastifyRequest): Speech {
  const asked = [...askedFor(request), cookieOf(request, cookie) ?? "", ...preferred(request)];
  const language = asked.map(languageOf).find((each) => each !== null) ?? "en";
  return { language, words: languages[language] };
}

/** Keeps what the address asks for, so that it holds on the pages that follow. */
export function keepLanguage(request: FastifyRequest, reply: FastifyReply, path: string, secure: boolean): void {
  const language = languageOf(askedFor(request)[0] ?? "");
  if (language === null) return;
  const attributes = secure ? "SameSite=None; Partitioned; Secure" : "SameSite=Lax";
  reply.header("set-cookie", `${cookie}=${language}; Path=${path}; HttpOnly; ${attributes}`);
}

function askedFor({ query }: FastifyRequest): string[] {
  const { locale } = query as Record<string, unknown>;
  return typeof locale === "string" ? [locale] : [];
}

/** `de-AT` is German. */
function languageOf(tag: string): Language | null {
  const [primary = ""] = tag.trim().toLowerCase().split("-");
  return Object.hasOwn(languages, primary) ? (primary as Language) : null;
}

/** RFC 9110 section 12.5.4, the most wanted first. */
function preferred({ headers }: FastifyRequest): string[] {
  const ranges = (headers["accept-language"] ?? "").split(",").map((range) => {
    const [tag = "", ...parameters] = range.split(";");
    const quality = parameters.map((each) => /^\s*q=([\d.]+)\s*$/.exec(each)?.[1]).find((each) => each !== undefined);
    return { tag, quality: Number(quality ?? 1) };
  });
  return ranges
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

/** A text with its `{names}` filled in. */
export function filled(text: string, values: Readonly<Record<string, string | Html>>): Html {
  const parts = text.split(/(\{\w+\})/).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return html`${name === undefined ? part : (values[name] ?? "")}`;
  });
  return html`${parts}`;
}

/** The same for titles, which hold no markup. */
export const said = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
