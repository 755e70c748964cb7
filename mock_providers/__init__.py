"""Mock Twilio and SendGrid servers that record every call."""
