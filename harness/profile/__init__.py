"""What a stack is, how it is reached, and what it claims: the TOML file that a team writes of its stack."""

from harness.profile.database import Database
from harness.profile.loading import load, parse
from harness.profile.model import (
    Api,
    Claims,
    Deploy,
    Images,
    Policy,
    Process,
    Profile,
    Providers,
    Statuses,
    Waits,
)
from harness.profile.queue import Finish, Queue

__all__ = [
    "Api",
    "Claims",
    "Database",
    "Deploy",
    "Finish",
    "Images",
    "Policy",
    "Process",
    "Profile",
    "Providers",
    "Queue",
    "Statuses",
    "Waits",
    "load",
    "parse",
]
