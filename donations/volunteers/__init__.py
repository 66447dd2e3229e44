"""Volunteers: the register, licences, the schedule and hours that were served."""
