import { type Engine, openFor, sealFor } from "@evertoken/engine/internal";
import { type NewSecondFactor, newSecondFactor, stepOfCode, takeCodeStep } from "@evertoken/operations";

/** A second factor that nobody has yet; `sealed` goes along in the form, so that nothing has to be kept here. */
export interface OfferedFactor extends NewSecondFactor {
  readonly sealed: string;
}

const purposeOf = (name: string) => `people/${name}/new-second-factor`;
const offerMs = 15 * 60_000;

export function offerFactor(engine: Engine, name: string): OfferedFactor {
  const offered = newSecondFactor(name);
  return { ...offered, sealed: sealFor(engine, purposeOf(name), { secret: offered.secret }, offerMs) };
}

/**
 * Uses the code up, so that whoever has seen it being entered cannot log in with it.
 *
 * @returns the secret that was offered, if the code is one of it; null: it is not, or the offer has ended
 */
export async function takenUp(engine: Engine, name: string, sealed: unknown, code: unknown): Promise<string | null> {
  const offer = openFor<{ secret: string }>(engine, purposeOf(name), String(sealed));
  const step = offer === null ? null : stepOfCode(offer.secret, String(code), Date.now());
  if (offer === null || step === null) return null;
  return (await takeCodeStep(engine, name, step)) ? offer.secret : null;
}
