"""The HTTP API: client, transport, retries, polling and downloads."""
