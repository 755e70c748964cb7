"""Twilio's Messaging API."""
