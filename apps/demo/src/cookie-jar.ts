type Cookie = { name: string; value: string; path: string };

/** The cookies of one origin, as much of RFC 6265 as a walk through login and consent needs: names, paths, deletion. */
export function createCookieJar() {
  const cookies = new Map<string, Cookie>();

  return {
    store(setCookie: readonly string[], now: number): void {
      for (const line of setCookie) {
        const [pair = "", ...attributes] = line.split(/;\s*/);
        const [name = "", ...value] = pair.split("=");
        const attribute = (wanted: string) =>
          attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
        const path = attribute("path") ?? "/";
        const expires = attribute("expires");
        if (expires !== undefined && Date.parse(expires) <= now) cookies.delete(`${name} ${path}`);
        else cookies.set(`${name} ${path}`, { name, value: value.join("="), path });
      }
    },

    header(pathname: string): string {
      const fitting = [...cookies.values()].filter(
        ({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, "/")),
      );
      return fitting.map(({ name, value }) => `${name}=${value}`).join("; ");
    },
  };
}
