import type { NotifyConfig } from "@evertoken/adapters";
import { forMailHeader } from "@evertoken/core";
import { createTransport } from "nodemailer";
import { type AttemptResult, failed } from "./attempt.ts";

interface Mail {
  /** The same for each attempt: a mail server that got it twice can tell. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export type SendMail = (mail: Mail) => Promise<AttemptResult>;

/** @returns null when mail is not set up */
export function createSendMail({ smtpUrl, smtpFrom, timeoutMs }: NotifyConfig): SendMail | null {
  if (smtpUrl === null || smtpFrom === null) return null;
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    // Mails of ours hold no attachment: nothing is to be read from disk or network.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ id, to, subject, text }) => {
    try {
      // An address object, not a header line: nothing in it is read as a second recipient.
      const messageId = `<${id}@evertoken>`;
      await transport.sendMail({
        from: smtpFrom,
        to: { name: "", address: forMailHeader(to) },
        subject: forMailHeader(subject),
        text,
        messageId,
      });
      return { kind: "delivered", httpStatus: null };
    } catch (error) {
      return mailFailure(error);
    }
  };
}

/** The server's text may quote the address: only codes go on. */
function mailFailure(error: unknown): AttemptResult {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const name = typeof code === "string" && /^[A-Z][A-Z0-9_]{0,31}$/.test(code) ? code : "mail failed";
  if (typeof responseCode !== "number") return failed(name, { forAll: true });
  // 5xx concerns this mail (RFC 5321 section 4.2.1); 421 means that the server is closing.
  const forAll = responseCode === 421 || name === "EAUTH";
  return failed(`${name} ${responseCode}`, { httpStatus: responseCode, forAll });
}
