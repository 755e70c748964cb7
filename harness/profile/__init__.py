from harness.profile.model import *  # noqa: F403
