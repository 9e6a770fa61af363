"""An access token for a user's account, and the page to send the user to when only the user can help. Standard library only."""
import json
import os
import sys
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen


class ReconnectNeeded(Exception):
    """The user has to connect again; `url` is where (None: the server makes no links)."""

    def __init__(self, code: str, url: "str | None") -> None:
        super().__init__(code)
        self.url = url


def access_token(user_id: str, provider: str) -> str:
    path = f"/v1/users/{quote(user_id, safe='')}/providers/{quote(provider, safe='')}/token"
    key = os.environ["EVERTOKEN_KEY"]
    request = Request(os.environ["EVERTOKEN_URL"] + path, headers={"Authorization": f"Bearer {key}"})
    try:
        # The server refreshes first where it has to, and answers within its REQUEST_TIMEOUT_MS.
        with urlopen(request, timeout=45) as answer:
            return json.load(answer)["access_token"]
    except HTTPError as error:
        if error.code != 409:
            raise
        problem = json.load(error)
        raise ReconnectNeeded(problem["code"], problem.get("reconnect_url")) from error


if __name__ == "__main__":
    print("token", len(access_token(sys.argv[1], sys.argv[2])))
