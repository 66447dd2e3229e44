"""What every package may use and that knows no donations."""
