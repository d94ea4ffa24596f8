"""Kafka: everything that knows records, partitions and offsets."""
