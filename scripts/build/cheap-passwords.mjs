const costly = "N: 2 ** 15";

/** For tests, which log in hundreds of times: a derivation of a key costs a thirty-second. What it really costs is seen by the unit tests. */
export function cheapPasswords() {
  return {
    name: "cheap-passwords",
    transform(code, id) {
      if (!id.endsWith("/people/passwords.ts")) return null;
      if (!code.includes(costly)) throw new Error(`${id} lacks ${costly}`);
      return code.replace(costly, "N: 2 ** 10");
    },
  };
}
