"""Searching as the ROR searches: indexes over the resources, and the parameters that ask them (ROR-API section 3)."""
