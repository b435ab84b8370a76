"""What ``GET /models`` says of a model (Models page and price tables, edition 2026-09)."""

from __future__ import annotations

from typing import Any

from qwave_jupyter.catalog.model import Model

__all__ = ["model_entry", "price_config"]

#: A tier for all values that have none of their own, there and in the catalogue.
_FALLBACK, _ANY = "default", "*"


def model_entry(model: Model) -> dict[str, Any]:
    """A model's entry: its id, labels, a line about it and its price.

    Capabilities are no part of it; the tools endpoint has them.
    """
    return {
        "id": model.id,
        "object": "model",
        "description": model.summary,
        "tags": ["image", model.vendor],
        "price_config": price_config(model),
    }


def price_config(model: Model) -> dict[str, Any]:
    """A model's price in USD: per image and tier, or per million tokens."""
    price = model.price
    if price.rates:
        return {"settle_image_by_usage": True, "image_usage_rates": dict(price.rates)}
    config: dict[str, Any] = {} if price.from_usd is None else {"base": price.from_usd}
    if price.tiers:
        config["image_prices"] = {_FALLBACK if tier == _ANY else tier: usd for tier, usd in price.tiers.items()}
    return config
