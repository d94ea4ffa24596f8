"""The domain: which offers meet a need. Pure functions on events and FHIR values; I/O only through the ports.

Others use:

- ``resolve``: the use case, from a request to its result.
- ``directory``, ``nomenclature``: the two ports, all that the domain asks of the world.
- ``circuit``, ``turns``, ``policy``: what whoever runs the use case hands to it.
- ``fhir``, ``reuse``: what a directory answers with, and what is kept beside it.
- ``criteria``, ``capacity``: what a need asks, in codes, for a directory to search by.

It must not know who asks, nor who answers: no Kafka, no HTTP, no settings.
"""
