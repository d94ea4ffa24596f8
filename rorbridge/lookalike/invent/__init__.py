"""Inventing the data set: establishments, units, offers, places and people who do not exist.

The look-alike uses:

- ``world``: all of it, from a number of offers and a seed.
- ``dates``: the day that the data are counted from.

It must not know how the data are searched or served, nor the clock: the same seed gives the same bytes.
"""
