"""What each model can do: documented contracts as data, and the one rule engine over them."""

from qwave_jupyter.catalog.catalog import Catalog, load
from qwave_jupyter.catalog.model import Mask, Model, Price, References
from qwave_jupyter.catalog.parameter import UNSET, Parameter
from qwave_jupyter.catalog.rules import ImageInfo, Violation

__all__ = ["UNSET", "Catalog", "ImageInfo", "Mask", "Model", "Parameter", "Price", "References", "Violation", "load"]
