"""The commands of %qwave."""
