"""Searching as the ROR searches: indexes over the resources, and the parameters that ask them (ROR-API section 3).

The look-alike uses:

- ``catalog``, ``engine``: the tables of a data set, and a search of them.
- ``parameters``, ``includes``: what can be asked, as ``/metadata`` tells it, and what comes along.
- ``near``, ``rows``, ``tables``: what a search gives, and what the access profile takes from it.

It must not know who asks, neither tokens nor access profiles: it is told which rows may be found, and gives ids.
"""
