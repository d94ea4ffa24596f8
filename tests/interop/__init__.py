"""rorbridge against servers that are not its own: HAPI FHIR and Keycloak. Run by ``make test-interop``."""
