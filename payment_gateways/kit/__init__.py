"""The conformance kit: what every gateway promises, shown on a real socket, case by case.

``pytest --gateway=slug --pyargs payment_gateways.kit`` runs it over an installed adapter and the
wire that its package ships for the sandbox bank. The cases are listed in ``docs/conformance.md``.
"""
