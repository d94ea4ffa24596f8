"""The contract: what travels on Kafka.

Others use:

- ``request``, ``need``, ``where``, ``codes``: what is asked.
- ``result``, ``offer``, ``status``, ``problem``: what is answered.
- ``envelope``, ``wireformat``: how both stand in a Kafka record.
- ``contract``, ``codesystems``: what the parts of the contract share.
- ``schemas``, ``examples``: the contract as it is published.

It knows nobody: no other package of rorbridge, no Kafka client, no FHIR resource.
"""
