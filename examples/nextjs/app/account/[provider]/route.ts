import { EvertokenError } from "@evertoken/client";
import { evertoken, userOf } from "../../../lib/evertoken.ts";

const apiUrl = process.env.APP_API_URL ?? "https://api.hubapi.com/account-info/v3/details";

type Context = { params: Promise<{ provider: string }> };

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const { provider } = await params;
  try {
    // A token that the API refuses (401) is refreshed once, and the call is made again.
    const answer = await evertoken.withAccessToken({ userId: userOf(request), provider }, ({ accessToken }) =>
      fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` }, cache: "no-store" }),
    );
    return Response.json(await answer.json(), { status: answer.status });
  } catch (error) {
    if (!(error instanceof EvertokenError)) throw error;
    const { code, reconnectUrl } = error;
    // 409: the user has to connect again, and the page says where.
    return Response.json({ code, reconnectUrl }, { status: reconnectUrl === null ? 502 : 409 });
  }
}
