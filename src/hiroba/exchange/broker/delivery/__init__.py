"""What the broker owes to those who subscribed, and how it reaches them: the outbox, the receivers, the dead letters."""
