"""The endpoints of SendGrid's v3 API: each file is one resource, as a request sees it."""
