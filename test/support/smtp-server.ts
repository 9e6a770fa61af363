import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { onFileEnd } from "./services.ts";

export interface ReceivedMail {
  readonly from: string;
  readonly to: string[];
  /** Headers and body as they came, quoted-printable undone. */
  readonly text: string;
  readonly subject: string;
}

export interface SmtpServer {
  readonly url: string;
  readonly mails: ReceivedMail[];
  /** The answer to the recipient from now on, such as "550 no such user"; null takes all. */
  refuse(answer: string | null): void;
}

/** As much of RFC 5321 as one sender needs. */
export async function startSmtpServer(): Promise<SmtpServer> {
  const mails: ReceivedMail[] = [];
  let refusal: string | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    void converse(socket, mails, () => refusal);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onFileEnd(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  );
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    refuse(answer) {
      refusal = answer;
    },
  };
}

async function converse(socket: Socket, mails: ReceivedMail[], refusal: () => string | null): Promise<void> {
  const say = (line: string) => socket.write(`${line}\r\n`);
  let envelope = { from: "", to: [] as string[] };
  let data: string[] | null = null;
  say("220 test ESMTP");
  for await (const line of createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (data !== null) {
      if (line !== ".") data.push(line.replace(/^\./, ""));
      else {
        mails.push({ ...envelope, ...read(data) });
        data = null;
        say("250 taken");
      }
      continue;
    }
    const [verb = ""] = line.toUpperCase().split(/[ :]/);
    if (verb === "EHLO" || verb === "HELO") say("250 test");
    else if (verb === "MAIL") {
      envelope = { from: addressIn(line), to: [] };
      say("250 ok");
    } else if (verb === "RCPT") {
      const refused = refusal();
      if (refused === null) envelope.to.push(addressIn(line));
      say(refused ?? "250 ok");
    } else if (verb === "DATA") {
      data = [];
      say("354 go on");
    } else if (verb === "QUIT") {
      say("221 bye");
      socket.end();
    } else say("250 ok");
  }
}

const addressIn = (line: string) => /<([^>]*)>/.exec(line)?.[1] ?? "";

function read(lines: readonly string[]): { text: string; subject: string } {
  const raw = lines.join("\n");
  const encoded = /^Content-Transfer-Encoding: quoted-printable$/im.test(raw);
  const text = !encoded
    ? raw
    : raw.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const subject = /^Subject: (.*(?:\n[ \t].*)*)/m.exec(raw)?.[1]?.replace(/\n[ \t]/g, " ") ?? "";
  return { text, subject };
}
