import { evertoken, userOf } from "../../lib/evertoken.ts";

export async function GET(request: Request): Promise<Response> {
  const query = Object.fromEntries(new URL(request.url).searchParams);
  // The account counts for the user who sits here, and for no other.
  const end = await evertoken.connect.confirm(query, { userId: userOf(request) });
  if (end.kind === "connected") return Response.json({ connected: end.provider });
  return Response.json({ code: end.code, message: end.message }, { status: 400 });
}
