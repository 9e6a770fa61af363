import manifest from "../package.json" with { type: "json" };

/** Of this Evertoken. */
export const { version } = manifest;
