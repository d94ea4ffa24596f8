"""The ROR as a directory of offers: everything that knows FHIR over HTTP."""
