import { defineProvider } from "../provider.ts";
import { google, googleIdentityScopes, googleSamples } from "./shared/google.ts";

export default defineProvider({
  ...google,
  id: "google-drive",
  name: "Google Drive",
  docs: "https://developers.google.com/workspace/drive/api/guides/api-specific-auth",
  scopes: [
    ...googleIdentityScopes,
    { scope: "https://www.googleapis.com/auth/drive.file", why: "only the files that the user picks for the app" },
  ],
  samples: googleSamples,
});
