<?php
/** An access token, a refresh that is asked for, and verified webhooks. Needs the curl extension and nothing else. */
declare(strict_types=1);

/** The user has to connect again; `url` is where (null: the server makes no links). */
final class ReconnectNeeded extends RuntimeException
{
    public function __construct(string $code, public readonly ?string $url)
    {
        parent::__construct($code);
    }
}

/** @throws ReconnectNeeded when only the user can help */
function accessToken(string $userId, string $provider): string
{
    return tokenOf($userId, $provider)['access_token'];
}

/** Has a worker refresh the token; it does not wait for it. */
function scheduleNow(string $connectionId): void
{
    evertoken('POST', '/v1/connections/' . rawurlencode($connectionId) . '/schedule', ['when' => 'now']);
}

function tokenOf(string $userId, string $provider): array
{
    return evertoken('GET', '/v1/users/' . rawurlencode($userId) . '/providers/' . rawurlencode($provider) . '/token');
}

function evertoken(string $method, string $path, ?array $body = null): array
{
    $curl = curl_init(getenv('EVERTOKEN_URL') . $path);
    $headers = ['Authorization: Bearer ' . getenv('EVERTOKEN_KEY'), 'Content-Type: application/json'];
    // The server refreshes first where it has to, and answers within its REQUEST_TIMEOUT_MS.
    curl_setopt_array($curl, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 45,
    ]);
    if ($body !== null) curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($body, JSON_THROW_ON_ERROR));
    $answer = curl_exec($curl);
    if ($answer === false) throw new RuntimeException(curl_error($curl));
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    $read = json_decode($answer, true, 512, JSON_THROW_ON_ERROR);
    if ($status === 409) throw new ReconnectNeeded($read['code'], $read['reconnect_url'] ?? null);
    if ($status >= 400) throw new RuntimeException("$status " . ($read['code'] ?? ''));
    return $read;
}

/**
 * The event of a webhook, as Standard Webhooks has it; null: answer 400.
 *
 * @param array<string, string> $headers by their names in lower case
 * @param string $body as it came: `file_get_contents('php://input')`
 */
function verifiedWebhook(array $headers, string $body, string $secret): ?array
{
    $id = $headers['webhook-id'] ?? '';
    $time = $headers['webhook-timestamp'] ?? '';
    if ($id === '' || !ctype_digit($time) || abs(time() - (int) $time) > 300) return null;
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
    if ($key === false || $key === '') throw new InvalidArgumentException('the webhook secret is none');
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($wanted, $given)) return json_decode($body, true, 512, JSON_THROW_ON_ERROR);
    }
    return null;
}
