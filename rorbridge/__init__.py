"""rorbridge: orientation requests on Kafka, answered from the ROR."""

__version__ = "0.1.0"
