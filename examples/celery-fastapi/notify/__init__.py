"""Notifications by text message: FastAPI takes them, a Celery worker hands them to Twilio."""
