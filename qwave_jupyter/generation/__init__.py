"""One generation from request to pictures; works in a plain script, knows neither IPython nor widgets."""
