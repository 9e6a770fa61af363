import { describeError } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { PageFault } from "./fault.ts";
import { message, sendPage } from "./page.ts";

/** What went wrong, as a page within the dashboard: whoever is logged in stays so. */
export function failed(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { session } = request;
  if (session === undefined) throw error;
  const fault = faultOf(error);
  if (fault.status === 403) request.refused = { action: "dashboard.refused", code: "not_own_form" };
  if (fault.status >= 500) {
    request.log.error({ event: "dashboard.failed", err: describeError(error) }, "a page could not be answered");
  }
  const { id } = (request.params ?? {}) as { id?: string };
  const isOne = id !== undefined && fault.status !== 404 && fault.status !== 400;
  const link = isOne
    ? { href: `/connections/${id}`, label: "Back to the connection" }
    : { href: "/", label: "To the overview" };
  return sendPage(reply, {
    ...{ status: fault.status, title: fault.title, content: message(fault.title, fault.message, link) },
    ...{ section: null, session },
  });
}

function faultOf(error: unknown): PageFault {
  if (error instanceof PageFault) return error;
  if (error instanceof EvertokenError) return ofEngine(error);
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode === "number" && statusCode < 500) {
    return new PageFault(400, "Not understood", "The request was not in the expected form or too large.");
  }
  return new PageFault(503, "Not available", "This page could not be made. The log says why.");
}

function ofEngine({ code, message: text }: EvertokenError): PageFault {
  switch (code) {
    case "connection_not_found":
      return new PageFault(404, "Not found", "There is no such connection.");
    case "invalid_input":
      return new PageFault(409, "Not possible", text);
    case "store_unavailable":
      return new PageFault(
        503,
        "Postgres does not answer",
        "Everything that these pages show is in Postgres. You stay logged in; reload when it is back. Tokens that are granted meanwhile are kept.",
      );
    case "queue_unavailable":
      return new PageFault(
        503,
        "Redis does not answer",
        "What you asked for stands in Postgres where it has to; the scheduler puts the job in place when Redis is back.",
      );
    case "closing":
      return new PageFault(503, "Not available", "This process is about to end. Try again in a moment.");
    default:
      return new PageFault(409, "Not possible", text);
  }
}
