import { activePerson, isPassword, type Person, type Session } from "@evertoken/operations";
import type { FastifyRequest } from "fastify";
import { readForm } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { PageFault } from "./fault.ts";

/** Who has come by a stored password, and has sent a form of his page. @throws {PageFault} it is somebody else */
export async function ownPerson(
  { engine }: PageContext,
  request: FastifyRequest,
): Promise<{ person: Person; form: Readonly<Record<string, unknown>>; session: Session }> {
  const { form, session } = readForm(request);
  const person = session.cameBy === "password" ? await activePerson(engine, session.name) : null;
  if (person === null) throw new PageFault(409, "Not possible", "You have not come by a password that is stored here.");
  return { person, form, session };
}

/** An open browser is not enough to change how somebody comes in. @throws {PageFault} another password, which is counted */
export async function checkPresentPassword(
  request: FastifyRequest,
  { passwordHash }: Person,
  given: unknown,
): Promise<void> {
  if (await isPassword(String(given ?? "").slice(0, 1000), passwordHash)) return;
  refuseSecret(request, "password");
  throw new PageFault(
    400,
    "Not your password",
    "Nothing was changed. Go back and enter the password that you have now.",
  );
}

export function refuseSecret(request: FastifyRequest, code: "password" | "code"): void {
  request.refused = { action: "dashboard.refused", code: `account_${code}` };
}
