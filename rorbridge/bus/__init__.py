"""Kafka: everything that knows records, partitions and offsets.

Others, which is to say commands, use:

- ``app``: the service.
- ``ask``, ``follow``, ``received``, ``replay``: what a client or an operator does with the topics.
- ``preflight``, ``topics``, ``connection``: whether Kafka lets us do our work, and making topics.
- ``localbroker``: a broker of one's own, for the demo and for tests.
- ``asyncapi``: the contract of the running app.

It must not know the ROR nor FHIR: it is handed a ``Directory`` and a ``Nomenclature``, the domain's ports.
"""
