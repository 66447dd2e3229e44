"""The banks' and providers' ways to take an online payment: one module a bank, one contract."""
