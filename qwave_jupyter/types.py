"""Names for mappings whose values are whatever JSON or a notebook holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeAlias

__all__ = ["JSONObject", "Namespace", "Values"]

#: An object as it was decoded from JSON, or as it will be encoded.
JSONObject: TypeAlias = Mapping[str, Any]
#: Parameters by the user's names; each value is checked against the model before it is sent.
Values: TypeAlias = Mapping[str, Any]
#: Variables by name: a notebook's, or those that fill a prompt.
Namespace: TypeAlias = Mapping[str, Any]

#: What a person may give as a path.
PathGiven: TypeAlias = str | os.PathLike[str]
