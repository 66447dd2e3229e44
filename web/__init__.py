"""The only package that knows Flask: pages and addresses, one folder an audience."""
