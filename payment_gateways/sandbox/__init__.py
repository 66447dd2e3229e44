"""The sandbox bank: a real HTTP server that plays two gateways, a bank counter and account 90190.

It runs as a process of its own and imports nothing of the rest of the project, so that a mistake
of an adapter cannot hide in code that both share. It refuses to start in production.
"""
