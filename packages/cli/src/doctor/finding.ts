/** What one check found. `advice` says what to do, and is null when all is well. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warn" | "fail";
  readonly detail: string;
  readonly advice: string | null;
}

export const ok = (check: string, detail: string): Finding => ({ check, result: "ok", detail, advice: null });

export const warn = (check: string, detail: string, advice: string): Finding => ({
  ...{ check, detail, advice },
  result: "warn",
});

export const fail = (check: string, detail: string, advice: string): Finding => ({
  ...{ check, detail, advice },
  result: "fail",
});
