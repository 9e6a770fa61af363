export { nudgeDelivery } from "./announce.ts";
export { deriveChildren } from "./derive-children.ts";
export { type Engine, openEngine } from "./engine.ts";
export { fromEngine, readSettings } from "./evertoken.ts";
export { createObserver } from "./observe.ts";
export { prepareEngine } from "./prepare-engine.ts";
export { openQueues, providersAtWork } from "./providers-at-work.ts";
export { servicesReady } from "./services-ready.ts";
export { drainSpool, SpoolDrain } from "./spool-drain.ts";
