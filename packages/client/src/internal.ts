/** For `@evertoken/engine`, which has the same interface; no part of the package. */
export { checkedCalls } from "./checked-calls.ts";
