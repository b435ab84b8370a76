"""The record of jobs on disk, which survives crashes, damage and other processes."""
