"""The JSON API, as the RealWorld project describes it."""

from examples.conduit.api.application import make_api

__all__ = ["make_api"]
