"""What a Twilio account owns and remembers; it knows nothing of requests."""
