"""The contract: what travels on Kafka. Knows nobody."""
