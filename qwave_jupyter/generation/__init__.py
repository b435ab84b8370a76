"""One generation from request to pictures; works in a plain script and knows nothing of notebooks."""
