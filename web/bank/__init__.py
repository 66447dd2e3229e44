"""The banks' way back: browsers return here from the pay page, with claims that prove nothing."""
