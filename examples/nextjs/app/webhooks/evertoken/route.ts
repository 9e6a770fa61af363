import { EvertokenError, verifyWebhook } from "@evertoken/client";

export async function POST(request: Request): Promise<Response> {
  const { headers } = request;
  try {
    // The signature is over the body as it came.
    const event = await verifyWebhook(
      { headers, body: await request.text() },
      process.env.EVERTOKEN_WEBHOOK_SECRET ?? "",
    );
    console.log(`webhook ${event.type} of connection ${event.data.connectionId}`);
    return new Response(null, { status: 204 });
  } catch (error) {
    if (!(error instanceof EvertokenError)) throw error;
    return Response.json({ code: error.code }, { status: 400 });
  }
}
