export { nudgeDelivery } from "./announce.ts";
export { type Engine, openEngine } from "./engine.ts";
export { fromEngine, readSettings } from "./evertoken.ts";
export { createObserver } from "./observe.ts";
export { drainSpool, SpoolDrain } from "./spool-drain.ts";
