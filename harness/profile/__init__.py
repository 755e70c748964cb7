"""What a stack is, how it is reached, and what it claims: the TOML file that a team writes of its stack."""

from harness.profile.database import Columns, Database
from harness.profile.features import Claims, Retries
from harness.profile.loading import load, parse
from harness.profile.messages import Messages
from harness.profile.model import Deploy, Images, Policy, Profile, Waits
from harness.profile.processes import Process
from harness.profile.providers import Accounts, Providers
from harness.profile.queue import Finish, Queue, Spoken
from harness.profile.requests import Api, Conversations, Listing, Look, Pace, Send
from harness.profile.statuses import Statuses
from harness.profile.webhooks import Webhook, Webhooks

__all__ = [
    "Accounts",
    "Api",
    "Claims",
    "Columns",
    "Conversations",
    "Database",
    "Deploy",
    "Finish",
    "Images",
    "Listing",
    "Look",
    "Messages",
    "Pace",
    "Policy",
    "Process",
    "Profile",
    "Providers",
    "Queue",
    "Retries",
    "Send",
    "Spoken",
    "Statuses",
    "Waits",
    "Webhook",
    "Webhooks",
    "load",
    "parse",
]
