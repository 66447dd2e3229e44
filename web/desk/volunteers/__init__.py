"""Volunteers at the desk: the register, licences, offers of hours, the schedule."""
