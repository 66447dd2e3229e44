"""Goods at the desk: offers, inspection, values, stock, slips, needs and acceptance rules."""
