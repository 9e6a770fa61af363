import { expect, test } from "vitest";
import { tellsDeadToken } from "./tells-dead-token.ts";

test.each([
  'Invalid "refresh_token" in request.',
  "Invalid refresh_token",
  "Invalid refresh token",
  "invalid refresh-token: abc",
  "The refresh token is invalid.",
  "Refresh token is invalid or expired.",
  "Refresh token expired",
  "The refresh token has expired",
  "The refresh token expired at 10/11/2022 9:18:20 PM and it is now 10/28/2022 4:15:50 PM.",
  "refresh_token was revoked by the user",
  "The specified refresh token has been revoked",
  "Unknown refresh token",
  "Unknown or invalid refresh token.",
  "refresh_token not found",
  "The refresh token does not exist",
  "The supplied refresh token doesn't exist.",
  "This refresh token is no longer valid.",
  "Refresh token has already been used",
  "The provided authorization grant or refresh token is invalid, expired or revoked",
  "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked",
])("dead: %s", (text) => {
  expect(tellsDeadToken(text)).toBe(true);
});

test.each([
  "",
  "Bad Request",
  'Missing "refresh_token" in request.',
  "missing or invalid refresh token",
  "refresh_token is required",
  "The refresh_token parameter is invalid",
  "Invalid parameter: refresh_token",
  "Required parameter refresh_token is missing or invalid",
  "refresh_token must be a string",
  "Invalid grant_type: refresh_token",
  "Unsupported grant type refresh_token, or invalid",
  "Invalid refresh token format",
  "The refresh token is malformed",
  "refresh_token is empty",
  "The refresh token grant is not allowed for this client",
  "The client_id is invalid for this refresh token",
  "Invalid client credentials; refresh token not checked",
  "Invalid scope for refresh token",
  "The request is invalid. A refresh token was sent.",
  "The access token expired",
  "Value passed for the token was invalid.",
  "Invalid token",
  "refresh token could not be read by the server at this time",
])("no death: %s", (text) => {
  expect(tellsDeadToken(text)).toBe(false);
});
