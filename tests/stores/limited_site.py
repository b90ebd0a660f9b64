"""An application with limits, for real servers: `BUCKLER_STORE` is a kind of store, a blank, and where it is."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from buckler import Guard
from buckler.frameworks.fastapi import limited
from buckler.protections.ratelimit import RateLimit
from buckler.stores import redis_node
from buckler.testing import SECRET, only

LIMIT = 50
PATIENT: dict[str, Any] = {"wait_s": 30, "max_waiting": 10_000}  # a busy machine answers late, and a limit is to be counted all the same
STORES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sqlite": ("buckler.stores.sqlite", "SQLite", {"busy_s": 30}),
    "shared": ("buckler.stores.shared", "Shared", {"busy_s": 30}),
    "postgresql": ("buckler.stores.postgresql", "PostgreSQL", PATIENT),
    "valkey": ("buckler.stores.redis", "Redis", PATIENT),
    "redis": ("buckler.stores.redis", "Redis", PATIENT),
    "cluster": ("buckler.stores.redis", "Redis", {**PATIENT, "cluster": True}),
}


def store(text: str) -> Any:
    """Return the store that `text` describes."""
    redis_node.CONNECT_S = PATIENT["wait_s"]
    kind, _, place = text.partition(" ")
    module, name, more = STORES[kind]
    if kind == "shared":
        return getattr(import_module(module), name)("limited", folder=place, **more)
    return getattr(import_module(module), name)(place, **more)


site = FastAPI()


@site.get("/exact", dependencies=[limited(f"{LIMIT}/day", by="route", on_store_failure="refuse")])
async def exact() -> int:
    return os.getpid()


@site.get("/leased", dependencies=[limited(f"{LIMIT}/day", by="route", lease=0.2, on_store_failure="refuse")])
async def leased() -> int:
    return os.getpid()


@site.get("/who")
async def who() -> int:
    return os.getpid()


def make() -> Guard:
    """For `uvicorn --factory`: once in each worker."""
    return Guard(site, *only(RateLimit(flood=None)), hosts=["127.0.0.1"], secrets=[SECRET], store=store(os.environ["BUCKLER_STORE"]))
