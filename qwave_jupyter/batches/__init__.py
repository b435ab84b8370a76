"""Many jobs: batches, sweeps, and the workers that run them."""
