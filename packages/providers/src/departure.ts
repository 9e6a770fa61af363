import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

/** What became of a request's bytes. */
export interface Departure {
  /** They were handed to an open connection: from here on nobody knows whether they arrived. */
  left: boolean;
  /** It was too late for them. */
  refused: boolean;
}

/**
 * Holds a request back until its connection is open, and asks `mayLeave` in the very turn of the event loop that writes it: after DNS,
 * TCP and TLS, which may take long, and on a kept connection at once. A process can stand still at any line, but between this question
 * and its write there are no lines.
 */
export function guardDeparture(request: ClientRequest, departure: Departure, mayLeave: () => boolean): void {
  const depart = () => {
    departure.left = mayLeave();
    departure.refused = !departure.left;
    if (departure.refused) request.destroy();
  };
  request.once("socket", (socket: Socket & { readonly secureConnecting?: boolean }) => {
    if (!socket.connecting && socket.secureConnecting !== true) return depart();
    // The request is written into the socket as soon as there is one; what is corked stays in memory.
    socket.cork();
    socket.once(socket.secureConnecting === undefined ? "connect" : "secureConnect", () => {
      depart();
      socket.uncork();
    });
  });
}
