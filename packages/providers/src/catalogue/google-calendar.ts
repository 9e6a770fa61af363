import { defineProvider } from "../provider.ts";
import { google, googleIdentityScopes, googleSamples } from "./shared/google.ts";

export default defineProvider({
  ...google,
  id: "google-calendar",
  name: "Google Calendar",
  docs: "https://developers.google.com/workspace/calendar/api/auth",
  scopes: [
    ...googleIdentityScopes,
    {
      scope: "https://www.googleapis.com/auth/calendar.events",
      why: "reads and writes events, but not the sharing of calendars",
    },
  ],
  samples: googleSamples,
});
