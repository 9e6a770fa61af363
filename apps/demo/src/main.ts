import { readDemoConfig } from "./read-demo-config.ts";
import { startDemoProvider } from "./start-demo-provider.ts";

const exConfig = 78;

const { options, faults } = readDemoConfig(process.env);
if (faults.length > 0) {
  for (const fault of faults) console.error(fault);
  process.exit(exConfig);
}

const provider = await startDemoProvider(options);
const { issuer, recordUrl } = provider;
console.log(JSON.stringify({ event: "demo.ready", issuer, recordUrl }));

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await provider.stop();
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
