import { describeError, type Logger } from "@evertoken/adapters";

type Write = (fields: object, message?: string) => void;

/** What an app's logger needs: pino, Fastify's and many others have it. */
export interface GivenLogger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

/** A host's logger may print whatever hangs on an error: it gets no more of one than our own processes log. */
export function embeddedLogger(given: GivenLogger | undefined): Logger {
  const at = (level: keyof GivenLogger) => (what: object | string, message?: string) => {
    if (given === undefined) return;
    if (typeof what === "string") given[level]({}, what);
    else given[level](withoutErrors(what), message);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function withoutErrors(fields: object): object {
  return "err" in fields && fields.err instanceof Error ? { ...fields, err: describeError(fields.err) } : fields;
}
