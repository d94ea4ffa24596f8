"""The contract of the running app as AsyncAPI 3.0: topics, operations, messages with headers and examples.

Others use:

- ``endpoint``: the document, as JSON, as YAML and over HTTP.

FastStream describes the subscribers and publishers that it runs; the lanes are not among them, and its model of a
message has no headers, examples or bindings, and a correlation id at a place of its own. So the document is ours. It
must not know a running lane: settings and the contract are all that it is made of.
"""
