"""A stand-in for the ROR API with invented data, for demos and tests without a ROR contract.

Others, which is to say commands, use:

- ``server``: runs it within another asyncio program.
- ``config``: what can be set about it.
- ``dataset``: what it serves.

It must not know the bridge, so that one mistake cannot stand on both sides: of rorbridge it knows ``ror.terminology``
alone, our copy of the nomenclatures.
"""
