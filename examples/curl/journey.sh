#!/usr/bin/env bash
# A whole life of a connection over plain HTTP, in any language that can speak it: connect, read a token, refresh, sync, health,
# disconnect.
#
#   EVERTOKEN_URL      such as http://127.0.0.1:3013
#   EVERTOKEN_API_KEY  a key with tokens:read and connections:write
#   PROVIDER           such as hubspot
#   RETURN_URL         where the user ends up; on RETURN_URL_ALLOWLIST
#   API_URL            something of the provider's to call with the token
#   FOLLOW             a program that is given the consent page's address and prints the address of your return URL at the end. Left
#                      out: you open the page in a browser and paste that address here.
set -euo pipefail

: "${EVERTOKEN_URL:?}" "${EVERTOKEN_API_KEY:?}" "${PROVIDER:?}" "${RETURN_URL:?}" "${API_URL:?}"
user="journey-$$-$RANDOM"

# The key comes from a file descriptor: what stands in the arguments of a process, everyone on the machine can read.
call() {
  local method=$1 path=$2 answer
  shift 2
  if answer=$(curl --silent --show-error --fail-with-body --max-time 60 --request "$method" \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$EVERTOKEN_API_KEY") "$@" "$EVERTOKEN_URL$path"); then
    echo "$answer"
  else
    # A problem document: says what is wrong, and never holds a token.
    echo "$answer" >&2
    return 1
  fi
}

send() {
  call "$1" "$2" --header 'content-type: application/json' --data "$3"
}

# One field of flat JSON. Use jq where you have it.
field() {
  sed -nE "s/.*\"$1\":\"?([^\",}]*)\"?.*/\1/p"
}

# One parameter of an address.
parameter() {
  sed -nE "s/.*[?&]$1=([^&#]*).*/\1/p"
}

echo "1. Connect: the user gives consent"
begun=$(send POST /v1/connect/authorize "{\"user_id\":\"$user\",\"provider\":\"$PROVIDER\",\"return_url\":\"$RETURN_URL\",\"confirm\":true}")
url=$(field url <<<"$begun")
if [ -n "${FOLLOW:-}" ]; then
  back=$("$FOLLOW" "$url")
else
  echo "Open $url"
  read -r -p "and paste where you ended up: " back
fi
confirmation=$(parameter confirmation <<<"$back")
[ -n "$confirmation" ] || { echo "not connected: $(parameter error <<<"$back")" >&2; exit 1; }
# Your app says whose it is: the user of its own session, never one that stands in an address.
id=$(send POST /v1/connect/confirm "{\"confirmation\":\"$confirmation\",\"user_id\":\"$user\"}" | field connection_id)
echo "   connection $id"

echo "2. Read a token, and call the provider with it"
token=$(call GET "/v1/users/$user/providers/$PROVIDER/token")
echo "   it lives for $(field expires_in <<<"$token") seconds more"
curl --silent --show-error --fail --max-time 60 --output /dev/null \
  --config <(printf 'header = "Authorization: Bearer %s"\n' "$(field access_token <<<"$token")") "$API_URL"
echo "   the provider takes it"

echo "3. Refresh it now"
before=$(field generation <<<"$token")
after=$(call POST "/v1/connections/$id/refresh" | field generation)
[ "$after" -gt "$before" ] || { echo "no newer token" >&2; exit 1; }
echo "   generation $before became $after"

echo "4. Sync"
call POST "/v1/connections/$id/sync" >/dev/null
for _ in $(seq 100); do
  synced=$(call GET "/v1/connections/$id" | field last_sync_status)
  [ "$synced" = success ] && break
  sleep 0.2
done
[ "$synced" = success ] || { echo "the sync ended with: $synced" >&2; exit 1; }
echo "   $synced"

echo "5. Health of the user's connections"
call GET "/v1/users/$user/health" | grep -q '"healthy":true'
echo "   healthy"

echo "6. Disconnect, and revoke at the provider"
echo "   revoked: $(call DELETE "/v1/connections/$id" | field revoked)"
code=$(call GET "/v1/connections/$id/token" 2>&1 | field code) || true
[ "$code" = disconnected ] || { echo "it can still be read" >&2; exit 1; }
echo "   and no token is handed out any more"
