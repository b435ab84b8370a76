"""The panel: every parameter in reach, the same request, job and cell as the magic's."""
