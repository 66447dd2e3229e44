"""What sets the house up and keeps it running: packages, assets, wording, the supervisor."""
