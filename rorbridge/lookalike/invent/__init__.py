"""Inventing the data set: establishments, units, offers, places and people who do not exist."""
