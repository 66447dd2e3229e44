"""Messages to people by SMS and e-mail: their wording, an outbox, and senders."""
