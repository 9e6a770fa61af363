import { followAuthorization } from "@evertoken/demo";
import { Browser } from "./browser.ts";

/** A browser for shell scripts: gives consent at the demo server and prints where the user ends up. */
const [url = "", redirectUri = ""] = process.argv.slice(2);
const browser = new Browser();
const { location: page } = await browser.get(url);
const back = await followAuthorization({ authorizeUrl: page?.href ?? "", redirectUri, login: "ada" });
const { status, location: end } = await browser.get(back);
if (status !== 303 || end === null) throw new Error(`the callback answered ${status}`);
console.log(end.href);
