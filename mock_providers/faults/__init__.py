"""Disturbances made on purpose: faults change or delay an answer, gates withhold it."""

from mock_providers.faults.fault import Fault, Faults
from mock_providers.faults.gate import Gate, Gates
from mock_providers.faults.match import Match

__all__ = ["Fault", "Faults", "Gate", "Gates", "Match"]
