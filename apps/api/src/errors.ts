import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { describeError, describePostgresTrouble, knownPostgresTrouble } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/engine/internal";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import manifest from "../package.json" with { type: "json" };
import { fieldFaults, namedFields } from "./field-faults.ts";
import { isRefusal, Problem, type ProblemBody, type ProblemCode, problem } from "./problem.ts";

/** Sent as text, so that no response schema can take anything away from it. */
function sendProblem(reply: FastifyReply, body: ProblemBody): FastifyReply {
  if (isRefusal(body.code)) reply.request.refusal ??= body.code;
  return reply.code(body.status).type("application/problem+json; charset=utf-8").send(JSON.stringify(body));
}

export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof Problem) return sendProblem(reply.headers(error.headers), error.body);
  if (error instanceof EvertokenError) return sendProblem(withRetryAfter(reply, error), ofEngine(error));
  const faults = fieldFaults(error);
  if (faults !== null) {
    const detail = faults.map(({ field, reason }) => `${field}: ${reason}`).join("; ");
    return sendProblem(reply, problem("invalid_request", { detail, errors: faults }));
  }
  const trouble = knownPostgresTrouble(error);
  if (trouble !== null && trouble !== "refused") {
    const detail = describePostgresTrouble(error);
    request.log.error({ route: request.routeOptions.url, reason: detail }, "a request failed");
    return sendProblem(reply, problem("store_unavailable", { detail }));
  }
  const code = ofFramework(error);
  // A driver's or library's own message may quote what it was given: only our log gets it, without values.
  if (code === "internal_error") {
    request.log.error({ route: request.routeOptions.url, err: describeError(error) }, "a request failed");
  }
  return sendProblem(reply, problem(code, hints[code] === undefined ? {} : { detail: hints[code] }));
}

function ofEngine(error: EvertokenError): ProblemBody {
  const unknown = error.code === "unknown_provider" ? [{ field: "provider", reason: error.message }] : [];
  const errors = namesFields.has(error.code) ? namedFields(error.message) : unknown;
  return problem(error.code, {
    detail: error.message,
    ...(errors.length === 0 ? {} : { errors }),
    ...(error.consentHelps ? { consent_helps: true } : {}),
    reconnect_url: error.reconnectUrl,
    retry_at: error.retryAt?.toISOString() ?? null,
  });
}

/** Their messages begin each reason with the field that it is about. */
const namesFields: ReadonlySet<string> = new Set([
  "invalid_input",
  "provider_refused",
  "provider_exists",
  "grant_in_use",
]);

function withRetryAfter(reply: FastifyReply, { retryAt }: EvertokenError): FastifyReply {
  if (retryAt === null) return reply;
  return reply.header("retry-after", Math.max(1, Math.ceil((retryAt.getTime() - Date.now()) / 1000)));
}

const frameworkCodes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_BAD_URL: "invalid_request",
  FST_ERR_ASYNC_CONSTRAINT: "invalid_request",
};

const hints: Readonly<Partial<Record<ProblemCode, string>>> = {
  unsupported_media_type: "send application/json",
  malformed_body: "the body is not JSON in UTF-8, or not of the stated length",
  invalid_request: "the address is not well formed",
};

function ofFramework({ code, statusCode = 500 }: FastifyError): ProblemCode {
  const known = frameworkCodes[code];
  if (known !== undefined) return known;
  return statusCode >= 400 && statusCode < 500 ? "malformed_body" : "internal_error";
}

/** 404, or 405 with what the address does take. */
export function handleUnknown(methodsAt: (path: string) => readonly string[]) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const methods = methodsAt(request.url.split("?", 1)[0] ?? "");
    if (methods.length === 0) return sendProblem(reply, problem("route_not_found"));
    const allow = methods.join(", ");
    return sendProblem(reply.header("allow", allow), problem("method_not_allowed", { detail: `it takes ${allow}` }));
  };
}

const clientErrors: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** What is not even HTTP never reaches a route: answered on the bare socket. */
export function handleClientError(this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const body = problem(clientErrors[error.code ?? ""] ?? "invalid_request");
  const text = JSON.stringify(body);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}\r\nContent-Type: application/problem+json\r\n` +
        `Evertoken-Version: ${manifest.version}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
  }
  socket.destroy(error);
}
