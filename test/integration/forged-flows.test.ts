import { authorize, completeConnect, confirmConnect, takeStart } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { begin, consent, createConnectRig, returnUrl } from "../support/connect-rig.ts";

const changes = {
  "another user": "user_id = 'mallory'",
  "another provider, to whose server the code would go": "provider = 'evil'",
  "another registration": "registration = 'evil'",
  "another connection": "connection_id = gen_random_uuid()",
  "another return URL": "return_url = 'https://evil.example/'",
  "another redirect URI": "redirect_uri = 'https://evil.example/'",
  "another server by its metadata": `metadata = '{"shop": "evil"}'`,
  "no word of the app": "confirm = NOT confirm",
  "no verifier": "code_verifier = NULL",
};

test.each(Object.entries(changes))("a flow that SQL gives %s is no flow, and leads nowhere", async (_, change) => {
  const rig = await createConnectRig();
  const answer = await consent(await begin(rig.engine));
  await rig.pool.query(`UPDATE oauth_states SET ${change}`);
  for (let time = 0; time < 2; time++) {
    const done = await completeConnect(rig.engine, answer);
    expect(done).toMatchObject({ kind: "refused", returnUrl: null });
  }
  const { rows } = await rig.pool.query("SELECT id FROM connections UNION ALL SELECT id FROM pending_grants");
  expect(rows).toEqual([]);
});

test("a flow that SQL frees from its browser is no flow for another one", async () => {
  const { engine, pool } = await createConnectRig();
  const { url } = await authorize(engine, { userId: "u", provider: "acme", returnUrl, confirm: true });
  const consentUrl = await takeStart(engine, url.split("/").at(-1) ?? "", "the browser that was sent out");
  const { binding: _, ...answer } = await consent({ url: consentUrl ?? "" });
  expect(await completeConnect(engine, answer)).toMatchObject({ code: "other_browser" });
  await pool.query("UPDATE oauth_states SET start_hash = NULL");
  expect(await completeConnect(engine, answer)).toMatchObject({ kind: "refused", code: "state_expired" });
});

test("a flow to which SQL gives the browser of another flow is not that browser's", async () => {
  const { engine, pool } = await createConnectRig();
  const browser = "the browser of the one who is deceived";
  const sentOut = async (userId: string, secret: string) => {
    const { url } = await authorize(engine, { userId, provider: "acme", returnUrl, confirm: true });
    return (await takeStart(engine, url.split("/").at(-1) ?? "", secret)) ?? "";
  };
  await sentOut("ada", browser);
  const url = await sentOut("mallory", "the browser of mallory");
  await pool.query(
    "UPDATE oauth_states SET browser_hash = (SELECT browser_hash FROM oauth_states WHERE user_id = 'ada')",
  );
  const { binding: _, ...answer } = await consent({ url });
  expect(await completeConnect(engine, { ...answer, browser })).toMatchObject({ code: "other_browser" });
});

test("however our callback is spelled, it takes only the browser that was sent out", async () => {
  const { engine } = await createConnectRig();
  const own = "http://127.0.0.1:9013";
  for (const redirectUri of [
    `${own}/connect/callback/acme`,
    `${own}/connect/%63allback/acme`,
    `${own}/connect/callback?by=us`,
    `${own}/v1/connect/callback?by=us`,
    "HTTP://127.0.0.1:9013/connect/callback/acme",
    "http://127.1:9013/connect/callback",
  ]) {
    const flow = { userId: "u", provider: "acme", returnUrl, redirectUri };
    const { url } = await authorize(engine, { ...flow, confirm: true });
    expect(url, redirectUri).toMatch(`${own}/connect/go/`);
    await expect(authorize(engine, { ...flow, binding: "x".repeat(16) })).rejects.toMatchObject({
      code: "invalid_input",
    });
  }
});

test("what SQL says that came of a flow is told to nobody", async () => {
  const rig = await createConnectRig();
  const answer = await consent(await begin(rig.engine, { confirm: true }));
  const done = await completeConnect(rig.engine, answer);
  if (done.kind !== "pending") throw new Error(`it was ${done.kind}`);
  const forged = {
    kind: "connected",
    connectionId: "somebody's",
    provider: "acme",
    returnUrl: "https://evil.example/",
  };
  await rig.pool.query("DELETE FROM pending_grants");
  await rig.pool.query("UPDATE oauth_states SET outcome = $1", [forged]);
  const { confirmation } = done;
  const { rows } = await rig.pool.query("SELECT user_id FROM oauth_states");
  const confirmed = () => confirmConnect(rig.engine, { confirmation }, { userId: rows[0].user_id });
  const refused = { kind: "refused", code: "confirmation_expired" };
  expect(await confirmed()).toMatchObject({ ...refused, returnUrl });
  await rig.pool.query("UPDATE oauth_states SET return_url = 'https://evil.example/'");
  expect(await confirmed()).toMatchObject({ ...refused, returnUrl: null });
});
