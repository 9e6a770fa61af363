import { defineProvider } from "../provider.ts";
import { httpTrouble } from "./shared/rfc-samples.ts";

// Apps of Stripe's marketplace; unlike Connect's, their tokens end. The platform's secret key is the proof.
export default defineProvider({
  id: "stripe-apps",
  name: "Stripe Apps",
  docs: "https://docs.stripe.com/stripe-apps/api-authentication/oauth",
  authorizeUrl: "https://marketplace.stripe.com/oauth/v2/authorize",
  tokenUrl: "https://api.stripe.com/v1/oauth/token",
  clientAuth: "bearer",
  // The answer states no lifetime: one hour, and a year for the refresh token, which each refresh replaces.
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 31_536_000 },
  answer: { keep: ["stripe_user_id"] },
  identity: { url: null, id: "{stripe_user_id}", name: "{stripe_user_id}" },
  errors: [
    // How Stripe's API refuses a secret key; the key is in the message.
    { where: { "error.type": "invalid_request_error" }, status: 401, judged: "misconfigured" },
  ],
  unconfirmed: ["the refresh token's year", "that this endpoint refuses a wrong key as the rest of the API does"],
  samples: [
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: {
        access_token: "sk_new",
        refresh_token: "rt_new",
        token_type: "bearer",
        scope: "stripe_apps",
        stripe_user_id: "acct_1",
        livemode: true,
      },
      expect: { refreshToken: "rt_new", expiresIn: "unstated", metadata: { stripe_user_id: "acct_1" } },
    },
    {
      // https://nango.dev/blog/stripe-oauth-refresh-token-invalid-grant gives the code; the text is ours.
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "This refresh token is no longer valid." },
    },
    {
      name: "wrong key",
      judged: "misconfigured",
      status: 401,
      body: { error: { message: "Invalid API Key provided: sk_***", type: "invalid_request_error" } },
    },
    ...httpTrouble,
  ],
});
