"""The control plane under `/_mock`: what happened, what is to happen, and who exists."""

from mock_providers.control.app import control_app

__all__ = ["control_app"]
