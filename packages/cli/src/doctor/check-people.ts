import type { Keyring } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { listPeople, type PersonView } from "@evertoken/operations";
import { type Finding, ok, warn } from "./finding.ts";

/** Who may use the dashboard, and how well that is kept. */
export async function checkPeople(
  prisma: Engine["prisma"],
  keyring: Keyring,
  needsSecondFactor: boolean,
): Promise<Finding[]> {
  const people = await listPeople({ prisma, keyring });
  return [...altered(people), ...withoutSecondFactor(people, needsSecondFactor)];
}

const namesOf = (people: readonly PersonView[]) => people.map(({ name }) => name).join(", ");

function altered(people: readonly PersonView[]): Finding[] {
  const found = people.filter(({ role }) => role === "altered");
  if (found.length === 0) return [];
  const detail = `let in no more, since their rows do not open: ${namesOf(found)}`;
  return [warn("people", detail, "find out who wrote to Postgres; then evertoken users add, or remove, <name>")];
}

function withoutSecondFactor(people: readonly PersonView[], needed: boolean): Finding[] {
  const active = people.filter(({ disabled }) => !disabled);
  const without = active.filter(({ secondFactor }) => !secondFactor);
  if (needed || without.length === 0) return active.length === 0 ? [] : [ok("second factors", said(needed))];
  const detail = `a password alone lets in: ${namesOf(without)}`;
  return [
    warn("second factors", detail, "DASHBOARD_SECOND_FACTOR_NEEDED=true has everybody set one at the next login"),
  ];
}

const said = (needed: boolean) => (needed ? "nobody comes in without one" : "everybody has one");
