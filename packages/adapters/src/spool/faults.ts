/** An entry that is left where it is, while the rest goes on. */
export interface SpoolFault {
  readonly where: string;
  readonly why: string;
}

/** Tells of each fault once, however often a look finds it. */
export function createFaults(tell: (fault: SpoolFault) => void) {
  const known = new Map<string, readonly SpoolFault[]>();
  const told = new Set<string>();
  const met = (faults: readonly SpoolFault[]) => {
    for (const fault of faults) {
      const key = `${fault.where}: ${fault.why}`;
      if (told.has(key)) continue;
      told.add(key);
      tell(fault);
    }
  };
  return {
    met,
    /** What the last look of this kind found, in place of what the one before did. */
    found(look: "kept" | "left", faults: readonly SpoolFault[]): void {
      known.set(look, faults);
      met(faults);
    },
    all: (): SpoolFault[] => [...known.values()].flat(),
  };
}

/** What was found at a place: a text, or why there is none. */
export type Found = FoundText | { readonly where: string; readonly unreadable: string };

export interface FoundText {
  readonly where: string;
  readonly text: string;
  /** Others may write there, too. */
  readonly fromRedis?: boolean;
}

export interface Bad extends SpoolFault {
  /** Another process may be able to read it. */
  readonly mayBeGood: boolean;
}
