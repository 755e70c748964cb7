"""SendGrid's v3 API."""
