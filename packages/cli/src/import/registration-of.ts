import { EvertokenError } from "@evertoken/engine";
import { type Engine, withStore } from "@evertoken/engine/internal";

/**
 * Our registration of the client that a grant belongs to: no other can refresh it (RFC 6749 section 10.4). null: as by default. Each client
 * is looked up once.
 *
 * @param said of the operator, for all rows
 */
export function createRegistrationOf({ prisma, registrations }: Engine, said: string | null) {
  const found = new Map<string, Promise<string | null>>();
  return async (provider: string, clientId: string | null): Promise<string | null> => {
    if (said !== null || clientId === null) return said;
    const key = JSON.stringify([provider, clientId]);
    const known = found.get(key) ?? withStore(() => find(provider, clientId));
    if (found.size < 10_000) found.set(key, known);
    return known;
  };

  async function find(provider: string, clientId: string): Promise<string | null> {
    const standard = await registrations.find(provider, "default");
    if (standard === null || standard.clientId === clientId) return null;
    const stored = await prisma.clientRegistration.findFirst({ where: { provider, clientId }, select: { name: true } });
    if (stored !== null) return stored.name;
    throw new EvertokenError(
      "invalid_input",
      `it was granted to another client than ${provider}'s here, and only that one can refresh it: add it as a registration, or name the right one with --registration`,
    );
  }
}
