import { followAuthorization } from "@evertoken/demo";

/** A browser for shell scripts: gives consent at the demo server and prints where the user ends up. */
const [url = "", redirectUri = ""] = process.argv.slice(2);
const back = await followAuthorization({ authorizeUrl: url, redirectUri, login: "ada" });
const response = await fetch(back, { redirect: "manual" });
const end = response.headers.get("location");
if (response.status !== 303 || end === null) throw new Error(`the callback answered ${response.status}`);
console.log(end);
