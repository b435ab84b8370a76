"""What the models can do, as tables and cards with a text twin; pure text, so that a plain script has them too."""

from qwave_jupyter.lookup.card import ModelCard
from qwave_jupyter.lookup.comparison import Comparison
from qwave_jupyter.lookup.table import ModelTable

__all__ = ["Comparison", "ModelCard", "ModelTable"]
