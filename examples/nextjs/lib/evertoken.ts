import { createEvertoken } from "@evertoken/client";

/** One for the whole app: it keeps tokens in memory until their margin begins. */
export const evertoken = createEvertoken({ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY });

/** Your own login goes here. */
export function userOf(request: Request): string {
  return request.headers.get("x-user") ?? "ada";
}
