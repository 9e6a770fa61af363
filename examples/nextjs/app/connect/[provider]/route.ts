import { evertoken, userOf } from "../../../lib/evertoken.ts";

type Context = { params: Promise<{ provider: string }> };

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const { provider } = await params;
  const returnUrl = `${process.env.APP_URL}/connected`;
  const { url } = await evertoken.connect.authorize({ userId: userOf(request), provider, returnUrl, confirm: true });
  return Response.redirect(url);
}
