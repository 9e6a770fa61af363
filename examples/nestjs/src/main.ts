import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { AccountsController } from "./accounts.controller.ts";
import { EvertokenFilter } from "./evertoken.filter.ts";
import { EvertokenModule } from "./evertoken.module.ts";

@Module({ imports: [EvertokenModule], controllers: [AccountsController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { rawBody: true, logger: ["warn", "error"] });
app.useGlobalFilters(new EvertokenFilter());
// Ends with code 0 at SIGTERM, after the client was closed.
app.enableShutdownHooks([], { useProcessExit: true });
const { hostname, port } = new URL(process.env.APP_URL ?? "http://127.0.0.1:3000");
await app.listen(Number(port), hostname);
console.log("app ready");
