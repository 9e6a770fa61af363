import { defineProvider } from "../provider.ts";
import { google, googleIdentityScopes, googleSamples } from "./shared/google.ts";

export default defineProvider({
  ...google,
  id: "youtube",
  name: "YouTube",
  docs: "https://developers.google.com/youtube/v3/guides/auth/server-side-web-apps",
  scopes: [
    ...googleIdentityScopes,
    { scope: "https://www.googleapis.com/auth/youtube.readonly", why: "reads channels, videos and playlists" },
  ],
  samples: googleSamples,
});
