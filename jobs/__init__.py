"""The queue: a table of jobs, a runner and a schedule. It knows no subject."""
