import { defineProvider } from "../provider.ts";

// Tokens of connected accounts have no end.
export default defineProvider({
  id: "stripe-connect",
  name: "Stripe Connect",
  docs: "https://docs.stripe.com/connect/oauth-reference",
  authorizeUrl: "https://connect.stripe.com/oauth/authorize",
  tokenUrl: "https://connect.stripe.com/oauth/token",
  clientAuth: "secret",
  scopes: [{ scope: "read_write", why: "Stripe grants a new account nothing less" }],
  policy: { spends: "nothing", lifetimeSeconds: null },
  answer: { keep: ["stripe_user_id"] },
  identity: { url: null, id: "{stripe_user_id}", name: "{stripe_user_id}" },
  samples: [
    {
      name: "code exchanged",
      judged: "granted",
      status: 200,
      body: {
        access_token: "sk_new",
        token_type: "bearer",
        scope: "read_write",
        stripe_user_id: "acct_1",
        livemode: false,
      },
      expect: { expiresIn: "unstated", metadata: { stripe_user_id: "acct_1" } },
    },
  ],
});
