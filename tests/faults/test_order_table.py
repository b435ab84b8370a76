"""Whatever befalls an order, the server bills one task at most, and no billed task is lost.

Server knows the key or not × proxy or not × answer held or not × what befalls the order × whether it is stopped. All
rows run at once, in threads; each is a test of its own.
"""

from __future__ import annotations

import itertools
import json
import time
from contextlib import ExitStack, suppress

import pytest

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs.job import resume
from qwave_jupyter.jobs.journal.schema import OPEN_STATES
from tests.faults.conftest import run_cases
from tests.faults.order_server import OrderServer, TunnelProxy, certificate
from tests.faults.order_site import WITH_KEY, WITHOUT_KEY, order_site
from tests.waiting import PATIENCE

REFUSED = json.dumps({"error": {"code": "", "message": "no"}}).encode()
#: What befalls the submits one after the other: how the server answers, and whether it has acted.
FAULTS = {
    "nothing": [],
    "cut": ["cut"],
    "cut twice": ["cut", "cut"],
    "500": [(500, REFUSED)],
    "503": [(503, b"")],
    "504 with HTML": [(504, b"<html>")],
    "truncated": [(200, b'{"task_id": "ta')],
    "409": [(409, REFUSED), (409, REFUSED)],
    "cut, then 402": ["cut", (402, REFUSED)],
    "cut, then 451": ["cut", (451, REFUSED)],
    "never answered": ["cut"] * 500,
    "tunnel cut": ["tunnel"],
    "tunnel spoken to in plain text": ["plain"],
}
UNSENT = {"unreached": "closed", "refused by the proxy": "refused", "cut before the POST": "cut", "plain text": "plain"}
ROWS = [
    (key, proxy, held, fault, stopped)
    for key, proxy, held, fault, stopped in itertools.product(
        (True, False), (True, False), (True, False), [*FAULTS, *UNSENT], (False, True)
    )
    if proxy or not (fault in UNSENT or "tunnel" in fault)
]


def run(folder, key, proxied, held, fault, stopped):
    with ExitStack() as stack:
        server = stack.enter_context(
            OrderServer(knows_key=key, tls=proxied, state="queued" if stopped else "completed")
        )
        proxy = stack.enter_context(TunnelProxy(server)) if proxied else None
        edition = WITH_KEY if key else WITHOUT_KEY
        site = stack.enter_context(order_site(server, folder, edition, proxy=proxy, timeout=100))
        befalling = list(FAULTS.get(fault, ()))

        def befall():
            with server.lock:
                one = befalling.pop(0) if befalling else None
            if one in {"tunnel", "plain"}:
                proxy.late("plain" if one == "plain" else "cut")
                return "cut"
            return one

        server.on_submit = befall
        if held:
            server.slow = [0.3] * 3
        if fault in UNSENT:
            proxy.early = [UNSENT[fault]]
        job = site.job(prefer_wait=60 if held else None).start()
        if stopped:
            ends = time.monotonic() + PATIENCE
            while not (server.tasks or job.done()):
                assert time.monotonic() < ends
                time.sleep(0.01)
            job.cancel()
        with suppress(QwaveError):
            job.result(PATIENCE)
        # Whatever it was told, the job's own thread may still be looking for the task.
        job._runner.left.wait(PATIENCE)
        told = "" if job.error is None else str(job.error)
        befalling.clear()
        server.slow = []
        for task in server.tasks.values():
            task["state"] = "completed" if task["state"] == "queued" else task["state"]
        resumed = resume(site.bench)
        for one in resumed:
            one.wait(PATIENCE)
        return {
            "told": told,
            "resumed": [str(one.error or "") for one in resumed],
            "tasks": len(server.tasks),
            "posts": len(server.posts),
            "billed": server.billed,
            "states": site.states,
            "images": len(list(site.bench.save_dir.glob("*.png"))) if site.bench.save_dir.exists() else 0,
        }


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    certificate()
    return run_cases(ROWS, run, tmp_path_factory.mktemp("orders"))


def label(row):
    key, proxy, held, fault, stopped = row
    parts = ("key" if key else "no key", "proxy" if proxy else "direct", "held" if held else "at once", fault)
    return " - ".join((*parts, "stopped" if stopped else "awaited"))


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_order_is_billed_once_and_never_lost(outcomes, row):
    key, _, _, fault, stopped = row
    found = outcomes[row].result(PATIENCE)
    assert found["tasks"] <= 1, found
    assert found["billed"] <= 1, found
    if not key:
        # Without a key, what may have been written is never written again.
        assert found["posts"] <= 1, found
    (state,) = found["states"]
    if found["billed"] and state != "done":
        assert state in OPEN_STATES, found
        assert "unknown" in found["told"], found
        assert "$0.01" in found["told"], found
        assert ["%qwave resume --repeat" in one for one in found["resumed"]] == [True], found
        assert not key, found
    if state == "done":
        assert found["images"] == 1, found
    if not stopped and (key or fault == "nothing" or fault in UNSENT) and fault != "plain text":
        assert state == "done", found
    if stopped and state == "cancelled":
        assert found["billed"] == 0, found
