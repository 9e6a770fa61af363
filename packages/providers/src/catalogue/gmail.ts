import { defineProvider } from "../provider.ts";
import { google, googleIdentityScopes, googleSamples } from "./shared/google.ts";

export default defineProvider({
  ...google,
  id: "gmail",
  name: "Gmail",
  docs: "https://developers.google.com/workspace/gmail/api/auth/scopes",
  scopes: [
    ...googleIdentityScopes,
    { scope: "https://www.googleapis.com/auth/gmail.readonly", why: "reads messages; sending needs gmail.send on top" },
  ],
  samples: googleSamples,
});
