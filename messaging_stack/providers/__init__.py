"""The clients of Twilio and SendGrid, behind one interface."""
