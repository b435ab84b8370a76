"""The API on loopback, for Binder, teaching and tests: the documented protocol with a painter behind it."""
