// The image's HEALTHCHECK: whichever process runs in this container says at /readyz whether it can work.
const { DASHBOARD_PORT = 3010, WORKER_PORT = 3011, SCHEDULER_PORT = 3012, API_PORT = 3013 } = process.env;

const answers = await Promise.all(
  [DASHBOARD_PORT, WORKER_PORT, SCHEDULER_PORT, API_PORT].map((port) =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => null,
    ),
  ),
);
process.exitCode = answers.includes(true) && !answers.includes(false) ? 0 : 1;
