<?php
declare(strict_types=1);
require __DIR__ . '/evertoken.php';

[, $userId, $provider] = $argv;
echo 'token ', strlen(accessToken($userId, $provider)), "\n";
scheduleNow(tokenOf($userId, $provider)['connection_id']);
$forged = ['webhook-id' => 'evt_1', 'webhook-timestamp' => (string) time(), 'webhook-signature' => 'v1,AAAA'];
$refused = verifiedWebhook($forged, '{}', 'whsec_' . base64_encode(random_bytes(32))) === null;
exit($refused ? 0 : 1);
