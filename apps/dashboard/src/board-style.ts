/**
 * Takes buttons off Bull Board's page that the guard refuses to everyone. Convenience only: its class names may change
 * with an upgrade, and then a button is back that answers with a notice.
 */
export const boardStyle = `
[class*="queueActions-"] { display: none; }
`;
