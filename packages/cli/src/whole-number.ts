import { InvalidArgumentError } from "commander";

/** A parser for an option that takes a whole number. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It needs a whole number from ${min} to ${max}.`);
  };
}
