import { createEvertoken } from "@evertoken/engine";
import { expect, test } from "vitest";
import { returnUrl } from "../support/connect-rig.ts";
import { patch } from "../support/drive.ts";
import { goodMetadata, startMetadataServer } from "../support/metadata-server.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

/** An app's own process; it does not ask issuers when it starts. */
function app({ env }: Rig) {
  const own = createEvertoken({ settings: env });
  onFileEnd(() => own.close());
  return own;
}

async function rigOfIssuer(issuer: string): Promise<Rig> {
  return createRig({
    env: {
      EVERTOKEN_GENERIC_PROVIDERS: "acme,sso",
      ...{ SSO_ISSUER: issuer, SSO_CLIENT_ID: "client", SSO_CLIENT_SECRET: "client-secret" },
      RETURN_URL_ALLOWLIST: "https://app.example",
    },
  });
}

const flow = { userId: "u", provider: "sso", returnUrl, redirectUri: returnUrl, confirm: true };

test("a client library asks the issuer of the settings when the endpoints are first needed, and once", async () => {
  const issuer = await startMetadataServer();
  const rig = await rigOfIssuer(issuer.issuer);
  issuer.answer = (_, at) => ({ body: { ...goodMetadata(at), token_endpoint: rig.server.tokenUrl } });
  const { id } = await rig.connect({ provider: "sso" });
  await patch(rig, id, "expires_at = now()");
  const own = app(rig);
  expect(issuer.asked).toEqual([]);
  expect(await own.getAccessToken(id)).toMatchObject({ generation: 2 });
  expect((await own.connect.authorize(flow)).url).toContain(`${issuer.issuer}/authorize?`);
  expect(await own.refresh(id)).toMatchObject({ generation: 3 });
  expect(issuer.asked).toHaveLength(1);
});

test("while the issuer does not answer nothing is connected, and the reason is told", async () => {
  const issuer = await startMetadataServer();
  issuer.answer = () => ({ status: 503 });
  const rig = await rigOfIssuer(issuer.issuer);
  const refused = { code: "provider_unavailable", message: expect.stringContaining("issuer") };
  await expect(app(rig).connect.authorize(flow)).rejects.toMatchObject(refused);
});
