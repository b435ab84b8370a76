"""Every model of both editions through the whole stack: what may be asked is served, and every single fault is refused.

Locally before anything is sent, with the parameter's name; and by the server on loopback, which judges the JSON that
reaches it, with 400 and the documented error body. Nothing is painted.
"""

from __future__ import annotations

import json
import uuid
from functools import cache

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from qwave_jupyter.catalog import load
from qwave_jupyter.client.client import Client
from qwave_jupyter.demo.http_types import Request
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.jobs import request
from tests.checks import collect_failures
from tests.conftest import TEST_ALL
from tests.contract.single_faults import advised_against, as_json, faults_against, faults_in, outside
from tests.contract.valid_requests import PROMPT, completed, samples, valid_requests

pytestmark = pytest.mark.slow

#: Edition to the code with which its server refuses a value.
CODES = {"2026-04": "invalid_request", "2026-09": "capability_violation"}
EDITIONS = tuple(CODES)
PROFILES = [pytest.param(edition, name, id=f"{edition}-{name}") for edition in EDITIONS for name in load(edition).ids()]
#: Of images whose size and format are known; see tests/unit/catalog/test_image_facts.py.
OF_IMAGES = ("mask", "megapixels")


@pytest.fixture(scope="module")
def served():
    """Edition to a server that obeys it, our client and a plain session."""
    made = {}
    for edition in EDITIONS:
        server = DemoServer(edition=edition, latency=3600, balance_usd=1e9).start()
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {server.key}"
        made[edition] = (server, Client(server.url, server.key), session)
    yield made
    for server, client, session in made.values():
        client.close()
        session.close()
        server.stop()


def built(edition, model, options):
    plain = {name: value for name, value in options.items() if name != "prompt"}
    return request.build(load(edition), options.get("prompt", PROMPT), plain, model=model)


@cache
def asked_of(edition, name):
    return tuple(valid_requests(load(edition).model(name)))


def faults_of(model):
    asked = sorted(asked_of(model.edition, model.id), key=len)
    ground, covered = asked[:1], {"action"}
    # The most that can be asked, and whatever holds what that has no room for.
    for options in reversed(asked):
        if not covered >= {*options}:
            ground.append(options)
            covered |= {*options}
    for options in ground:
        yield from faults_in(model, options)
    for rule in model.rules:
        if rule.severity == "reject":
            yield from faults_against(model, rule)


@pytest.mark.parametrize(("edition", "name"), PROFILES)
def test_profile_serves_valid_requests(served, edition, name):
    """What may be asked, what is advised against, and every documented value."""
    _, client, _ = served[edition]
    model = load(edition).model(name)
    asked = asked_of(edition, name)
    with collect_failures() as check:
        for options in asked:
            with check(name, options):
                made = built(edition, name, options)
                assert not [str(one) for one in made.warnings if one.code != "retired"]
                assert client.submit(made.body, idempotency_key=str(uuid.uuid4())).task_id
        with check(name, "parameters"):
            assert {*model.parameters} <= {"prompt"}.union(*asked)
        for advised in advised_against(model):
            with check(name, "advised against:", advised.what):
                made = built(edition, name, advised.options)
                assert advised.names & {one.parameter for one in made.warnings}
                assert client.submit(made.body, idempotency_key=str(uuid.uuid4())).task_id
        for parameter in model.parameters.values():
            for choice in {*parameter.choices} - {*parameter.opaque}:
                with check(name, parameter.name, choice):
                    check_choice(model, parameter, choice)


def check_choice(model, parameter, choice):
    """There is a valid request with the value; where every one is advised against, the advice is about it."""
    fitting = [{parameter.name: choice}, *({parameter.name: choice, "action": one} for one in model.actions)]
    made = (completed(model, preset, everything=False) for preset in fitting)
    options = next((one for one in made if one is not None), None)
    made = built(model.edition, model.id, {parameter.name: choice} if options is None else options)
    assert made.values[parameter.name] == choice
    assert (parameter.name in {one.parameter for one in made.warnings}) == (options is None)


@pytest.mark.parametrize(("edition", "name"), PROFILES)
def test_profile_refuses_single_faults(served, edition, name):
    """Every fault, and every rule that rejects is among them."""
    server, _, _ = served[edition]
    headers = {"authorization": f"Bearer {server.key}"}
    model = load(edition).model(name)
    wires = {one.name: ".".join(one.wire_path) for one in model.parameters.values()}
    missed = []
    for fault in faults_of(model):
        found = set()
        if fault.options is not None:
            try:
                missed.append(("sent", fault.what, built(edition, name, fault.options).body))
            except RequestRefused as refusal:
                found = {one.parameter for one in refusal.fields["violations"]}
                if not found & fault.names or not any(one in str(refusal) for one in found & fault.names):
                    missed.append(("not named", fault.what, str(refusal)))
        if fault.body is not None:
            # What goes over the socket is the property's below; here are thousands.
            answer = server.app.handle(Request("POST", "/v1/tasks", headers, json.dumps(fault.body).encode()))
            error = json.loads(answer.body).get("error", {})
            named = {wires.get(one, one) for one in fault.names | found}
            if (answer.status, error.get("code")) != (400, CODES[edition]) or error["param"] not in named:
                missed.append(("served", fault.what, answer.status, answer.body))
    for rule in model.rules:
        if rule.severity == "reject" and rule.demands.get("check") not in OF_IMAGES:
            missed += [] if list(faults_against(model, rule)) else [("no fault", rule)]
    assert not missed, f"{name}:\n" + "\n".join(map(str, missed))


@st.composite
def wishes(draw):
    """A model and a handful of its options, each documented or just beyond that."""
    model = draw(st.sampled_from([one for edition in EDITIONS for one in load(edition)]))
    names = draw(
        st.lists(st.sampled_from([name for name in model.parameters if name != "prompt"]), max_size=8, unique=True)
    )
    options = {}
    for name in names:
        parameter = model.parameters[name]
        options[name] = draw(st.sampled_from([*samples(parameter, options), *outside(parameter)]))
    return model, options


@settings(max_examples=500 if TEST_ALL else 60)
@given(wish=wishes())
def test_client_and_server_agree_on_requests(served, wish):
    model, options = wish
    server, _, session = served[model.edition]
    try:
        body, codes = dict(built(model.edition, model.id, options).body), set()
    except RequestRefused as refusal:
        body, codes = as_json(model, options), {one.code for one in refusal.fields["violations"]}
    if "opaque" not in codes:
        answer = session.post(f"{server.url}/v1/tasks", json=body, timeout=60)
        assert answer.ok == (not codes), answer.text
