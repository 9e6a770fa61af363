import { type Evertoken, verifyWebhook } from "@evertoken/client";
import {
  BadGatewayException,
  BadRequestException,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  type RawBodyRequest,
  Redirect,
  Req,
} from "@nestjs/common";
import type { Request } from "express";
import { EVERTOKEN } from "./evertoken.module.ts";

const appUrl = process.env.APP_URL ?? "http://127.0.0.1:3000";
const apiUrl = process.env.APP_API_URL ?? "https://api.hubapi.com/account-info/v3/details";
const webhookSecret = process.env.EVERTOKEN_WEBHOOK_SECRET ?? "";

@Controller()
export class AccountsController {
  readonly #evertoken: Evertoken;

  constructor(@Inject(EVERTOKEN) evertoken: Evertoken) {
    this.#evertoken = evertoken;
  }

  @Get()
  home(): string {
    return '<a href="/connect/hubspot">Connect HubSpot</a>';
  }

  /** `x-user` stands for your own login. */
  @Get("connect/:provider")
  @Redirect()
  async connect(@Headers("x-user") userId = "ada", @Param("provider") provider: string) {
    const returnUrl = `${appUrl}/connected`;
    const { url } = await this.#evertoken.connect.authorize({ userId, provider, returnUrl, confirm: true });
    return { url };
  }

  /** The account counts for the user who sits here, and for no other. */
  @Get("connected")
  async connected(@Query() query: Record<string, string>, @Headers("x-user") userId = "ada") {
    const end = await this.#evertoken.connect.confirm(query, { userId });
    if (end.kind === "connected") return { connected: end.provider };
    throw new BadRequestException({ code: end.code, message: end.message });
  }

  @Get("account/:provider")
  async account(@Headers("x-user") userId = "ada", @Param("provider") provider: string) {
    // A token that the API refuses (401) is refreshed once, and the call is made again.
    const answer = await this.#evertoken.withAccessToken({ userId, provider }, ({ accessToken }) =>
      fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` } }),
    );
    if (!answer.ok) throw new BadGatewayException({ code: "api_failed", status: answer.status });
    return answer.json();
  }

  /** The signature is over the body as it came: `rawBody` of NestFactory.create keeps it. */
  @Post("webhooks/evertoken")
  @HttpCode(204)
  async webhook(@Req() { headers, rawBody }: RawBodyRequest<Request>) {
    const event = await verifyWebhook({ headers, body: rawBody ?? "" }, webhookSecret);
    console.log(`webhook ${event.type} of connection ${event.data.connectionId}`);
  }
}
