/** How the token server treats a request. "Spends" means that the grant is processed although the answer does not say so. */
export type Behaviour =
  | { kind: "honest" }
  | { kind: "hang"; spends?: boolean }
  | { kind: "cut_before_answer" }
  | { kind: "cut_mid_body" }
  | { kind: "trickle"; byteMs?: number }
  | { kind: "reset_before_reading" }
  | Lie
  | { kind: "mix"; of: { share: number; behaviour: Behaviour }[] };

export type Lie = {
  kind: "lie";
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** Answer with this many bytes of filler instead of `body`. */
  bodyBytes?: number;
  spends?: boolean;
};

const json = { "content-type": "application/json" };

const oauthError = (status: number, error: string, headers: Record<string, string> = {}): Lie => ({
  kind: "lie",
  status,
  headers: { ...json, ...headers },
  body: JSON.stringify({ error }),
});

/** `Retry-After` as seconds, as an HTTP date, or absent (RFC 9110 section 10.2.3). */
export type RetryAfter = number | string | undefined;

const retryAfterHeader = (retryAfter: RetryAfter): Record<string, string> =>
  retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };

/** Answers that providers really give and that are not what they look like. Add `spends: true` to have the grant processed too. */
export const lies = {
  html200: {
    kind: "lie",
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<!doctype html><h1>Sign in</h1>",
  } satisfies Lie,
  empty200: { kind: "lie", status: 200, headers: json, body: "" } satisfies Lie,
  error200: oauthError(200, "invalid_grant"),
  serverError: { kind: "lie", status: 500, headers: json, body: '{"message":"Internal error"}' } satisfies Lie,
  invalidClient: oauthError(401, "invalid_client", { "www-authenticate": 'Basic realm="token"' }),
  invalidGrant: oauthError(400, "invalid_grant"),
  unavailable: (retryAfter?: RetryAfter): Lie =>
    oauthError(503, "temporarily_unavailable", retryAfterHeader(retryAfter)),
  throttled: (retryAfter?: RetryAfter): Lie => oauthError(429, "rate_limited", retryAfterHeader(retryAfter)),
  redirect: (location = "/redirected"): Lie => ({ kind: "lie", status: 302, headers: { location } }),
  hugeBody: (bodyBytes = 8 * 1024 * 1024): Lie => ({ kind: "lie", status: 200, headers: json, bodyBytes }),
};

type Plan = { queue: { behaviour: Behaviour; left: number }[]; standing: Behaviour | undefined };

const honest: Behaviour = { kind: "honest" };

/**
 * Which behaviour the next request gets. A family's own plan goes before the global one; in each plan, those given "for the next N
 * requests" are used up in order, and then the standing one holds until it is changed.
 */
export function createBehaviourPlans(random: () => number) {
  const global: Plan = { queue: [], standing: undefined };
  const byFamily = new Map<string, Plan>();

  function planOf(family: string | undefined): Plan {
    if (family === undefined) return global;
    const plan = byFamily.get(family) ?? { queue: [], standing: undefined };
    byFamily.set(family, plan);
    return plan;
  }

  function takeFrom(plan: Plan): Behaviour | undefined {
    const first = plan.queue[0];
    if (!first) return plan.standing;
    first.left -= 1;
    if (first.left <= 0) plan.queue.shift();
    return first.behaviour;
  }

  function resolveMix(behaviour: Behaviour): Behaviour {
    if (behaviour.kind !== "mix") return behaviour;
    let ticket = random();
    for (const part of behaviour.of) {
      if (ticket < part.share) return resolveMix(part.behaviour);
      ticket -= part.share;
    }
    return honest;
  }

  return {
    set(behaviour: Behaviour, { family, next }: { family?: string; next?: number } = {}): void {
      const plan = planOf(family);
      if (next !== undefined) {
        if (next > 0) plan.queue.push({ behaviour, left: next });
        return;
      }
      plan.queue = [];
      plan.standing = behaviour;
    },

    /** Before the body is read the family is unknown, so only a global reset can be due. */
    takeReset(): boolean {
      if ((global.queue[0]?.behaviour ?? global.standing)?.kind !== "reset_before_reading") return false;
      takeFrom(global);
      return true;
    },

    take(family: string | undefined): Behaviour {
      const own = family === undefined ? undefined : byFamily.get(family);
      return resolveMix((own && takeFrom(own)) ?? takeFrom(global) ?? honest);
    },
  };
}
