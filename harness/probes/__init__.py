"""One observer a file: each watches one part of a stack and writes events to the history."""
