import { EvertokenError } from "@evertoken/client";
import { type ArgumentsHost, Catch, type ExceptionFilter } from "@nestjs/common";
import type { Response } from "express";

/** 409: the user has to connect again, and the page says where. */
@Catch(EvertokenError)
export class EvertokenFilter implements ExceptionFilter<EvertokenError> {
  catch({ code, reconnectUrl }: EvertokenError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (code === "webhook_refused") response.status(400).json({ code });
    else response.status(reconnectUrl === null ? 502 : 409).json({ code, reconnectUrl });
  }
}
