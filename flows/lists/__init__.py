"""Lists that offices hand in as a table: gifts, receipts of partner centres, offices."""
