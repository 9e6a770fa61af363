import { expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { nearSetting, recordNames } from "./known-settings.ts";

const asked = recordNames({});
readConfig(asked.env, () => "");

test.each([
  ["REDIS_URI", "REDIS_URL"],
  ["DATABSE_URL", "DATABASE_URL"],
  ["ENCRYPTION_KEYS", "ENCRYPTION_KEY"],
  ["RETURN_URL_ALLOWLSIT", "RETURN_URL_ALLOWLIST"],
])("%s is probably %s", (name, near) => {
  expect(nearSetting(name, asked.names)).toBe(near);
});

const others = [
  ...[
    "APP_HOST",
    "APP_PORT",
    "APP_URL",
    "BASE_URL",
    "DATABASE_HOST",
    "DATABASE_NAME",
    "DATABASE_PORT",
    "DATABASE_USER",
    "DB_URL",
    "HOSTNAME",
    "MAIL_FROM",
  ],
  ...[
    "NODE_ENV",
    "PGHOST",
    "PORT",
    "POSTGRES_URL",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_PASSWORD",
    "SMTP_HOST",
    "SMTP_PORT",
  ],
  ...[
    "SMTP_USER",
    "SLACK_BOT_TOKEN",
    "GITHUB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "STRIPE_SECRET_KEY",
    "SECRET_KEY",
  ],
  ...[
    "ENCRYPTION_IV",
    "SESSION_SECRET",
    "WEB_CONCURRENCY",
    "OTEL_SERVICE_NAME",
    "SENTRY_DSN",
    "PUBLIC_KEY",
    "API_TOKEN",
  ],
];

test.each(others)("%s belongs to another program", (name) => {
  expect(nearSetting(name, asked.names)).toBeNull();
});
