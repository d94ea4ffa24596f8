"""The domain: which offers meet a need. Pure functions on events and FHIR values; I/O only through the port."""
