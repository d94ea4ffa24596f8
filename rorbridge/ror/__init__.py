"""The ROR as a directory of offers: everything that knows FHIR over HTTP.

Others use:

- ``client``: the domain's port ``Directory``, answered by the ROR.
- ``nomenclature``, ``terminology``: our copy of the nomenclatures (NOS), as the port asks for it and as it is searched.
- ``preflight``: whether the ROR's door opens, for ``rorbridge check``.
- ``tls``: the error of a certificate that cannot be used.

It must not know Kafka, nor who asks: it sees the domain's ports and values, and the contract.
"""
