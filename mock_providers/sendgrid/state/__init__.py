"""What a SendGrid account owns and remembers; it knows nothing of requests."""
