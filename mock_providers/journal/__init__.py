"""The record of every call and callback: in memory for queries, on disk before anything is answered."""

from mock_providers.journal.filter import Filter
from mock_providers.journal.journal import Journal

__all__ = ["Filter", "Journal"]
