"""The images of a deployment in containers: which of those that the profile names are here."""

from __future__ import annotations

from typing import Any

from harness.errors import DeployError
from harness.profile import Images

OWN = "messaging-harness/"
"""Images of this name are made here, by `make images` and `make images-offline`; no registry has them."""


def chosen(client: Any, images: Images) -> dict[str, str]:
    """For each part, the first of its images that the engine has; raises DeployError naming what to run.

    Nothing is pulled here: that takes longer than a verification's deadlines, and may not be possible at all.
    """
    return {part: first(client, names, part=part) for part, names in images}


def first(client: Any, names: list[str], *, part: str) -> str:
    import docker.errors

    for name in names:
        try:
            client.images.get(name)
        except docker.errors.ImageNotFound:
            continue
        except docker.errors.APIError as error:
            raise DeployError(f"[images] {part} = {name!r}: the engine says {error.explanation}; mend it") from error
        return name
    raise DeployError(
        f"no image for {part}: the engine has no {' or '.join(names)}; run `make images` (it pulls), or "
        f"`make images-offline` (from Debian packages), or name yours in [images] {part}"
    )


def to_pull(images: Images) -> list[str]:
    """What a registry has of the images that a profile names: for each part its first choice, unless it is our own."""
    return sorted({names[0] for _, names in images if not names[0].startswith(OWN)})


if __name__ == "__main__":
    print("\n".join(to_pull(Images())))
