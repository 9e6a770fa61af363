// pm2 start ecosystem.config.cjs, in the folder where evertoken is installed and where the settings stand in .env.
// Before that, and before each new version: npx evertoken migrate

const each = (name, instances = 1) => ({
  ...{ name: `evertoken-${name}`, script: "node_modules/evertoken/bin/evertoken.js", args: name, instances },
  exec_mode: "fork",
  // Longer than SHUTDOWN_MS: running refreshes are committed before the end.
  kill_timeout: 60_000,
  exp_backoff_restart_delay: 1000,
  // Wrong settings do not mend themselves.
  stop_exit_codes: [2],
  env: { NODE_ENV: "production" },
});

module.exports = { apps: [each("worker"), each("scheduler"), each("api"), each("dashboard")] };
