"""The environment variables by which Locust's processes find the harness."""

SOCKET = "MESSAGING_LOAD_SOCKET"
"""The path of the harness's socket."""
USERS = "MESSAGING_LOAD_USERS"
"""How many users of each kind, as JSON."""
TIMEOUT = "MESSAGING_LOAD_TIMEOUT"
"""How long a user waits for the API's answer, in seconds."""
