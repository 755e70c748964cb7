"""The endpoints of Twilio's REST API: each file is one resource, as a request sees it."""
