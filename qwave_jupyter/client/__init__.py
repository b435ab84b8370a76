"""The HTTP API and nothing else: what goes over the wire, when to ask again, what an answer means."""
