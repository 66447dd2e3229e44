"""The work of explaining every line of a bank statement and every payment we expect on one."""
