import type { Config } from "@evertoken/adapters";
import { type Finding, ok, warn } from "./finding.ts";

/** What is switched off for a while, so that apps and providers can be changed after an upgrade. */
export function checkConnecting({ connect }: Config): Finding[] {
  const findings = [
    ...(connect.confirm
      ? []
      : [
          warn(
            "connecting",
            "CONNECT_CONFIRM is off: an address that is sent on connects a stranger's account",
            "begin flows with `confirm` and confirm them at the return URL, then take the setting out (UPGRADING.md, 0.2.0)",
          ),
        ]),
    ...(connect.sharedCallback
      ? [
          warn(
            "connecting",
            "CONNECT_SHARED_CALLBACK is on: providers share a redirect URI",
            `enter ${connect.publicUrl ?? "<PUBLIC_URL>"}/connect/callback/<provider> at each, then take the setting out`,
          ),
        ]
      : []),
  ];
  return findings.length > 0
    ? findings
    : [ok("connecting", "flows are confirmed, and each provider has its redirect URI")];
}
