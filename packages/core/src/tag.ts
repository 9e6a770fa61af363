/**
 * A word of the app's own for a connection, such as a plan, a region or a customer: lists, exports and receivers of events are limited to it.
 * In lower case, so that nobody has to remember which; without what separates words in a query or a line of CSV.
 */
export const tagPattern = /^[a-z0-9](?:[a-z0-9._:-]{0,48}[a-z0-9])?$/;
export const tagForm = "needs a tag: up to 50 of a-z, 0-9 and, between them, - _ . :";

/** Of one connection. */
export const mostTags = 20;

export const isTag = (text: string): boolean => tagPattern.test(text);
