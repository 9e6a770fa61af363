import { Secret, TOTP } from "otpauth";

/** RFC 6238, as every authenticator app takes it. */
const settings = { issuer: "Evertoken", algorithm: "SHA1", digits: 6, period: 30 } as const;

export interface NewSecondFactor {
  /** base32, to be typed. */
  readonly secret: string;
  /** `otpauth://`, to be opened on the phone or shown as a QR code. */
  readonly uri: string;
}

export function newSecondFactor(name: string): NewSecondFactor {
  const totp = new TOTP({ ...settings, label: name, secret: new Secret({ size: 20 }) });
  return { secret: totp.secret.base32, uri: totp.toString() };
}

/** @returns the step that the code is of, which must be later than that of the last one; null: it is wrong */
export function stepOfCode(secret: string, code: string, now: number): number | null {
  const token = code.replaceAll(/\s/g, "");
  if (!/^\d{6}$/.test(token)) return null;
  // The clocks of phones differ: a code of the step before and after is taken.
  const totp = new TOTP({ ...settings, secret: Secret.fromBase32(secret) });
  const delta = totp.validate({ token, timestamp: now, window: 1 });
  return delta === null ? null : Math.floor(now / 1000 / settings.period) + delta;
}
